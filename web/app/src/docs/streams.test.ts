// Streams in Swagger UI: a reply that never ends is shown after a while, all others as they are.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { describeStreams, fetchBriefly, type Document } from './streams'

const encoder = new TextEncoder()

/** Makes fetch return `chunks` in a body that ends only if it is to. Returns how often the body was cancelled. */
function serve(type: string, chunks: Uint8Array[], ends: boolean): { cancelled: number } {
  const state = { cancelled: 0 }
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      if (ends) controller.close()
    },
    cancel: () => {
      state.cancelled++
    },
  })
  const reply = new Response(body, { status: 200, headers: { 'Content-Type': type } })
  vi.stubGlobal('fetch', () => Promise.resolve(reply))
  return state
}

describe('fetchBriefly', () => {
  afterEach(() => vi.unstubAllGlobals())

  it.each(['text/event-stream', 'application/x-ndjson', 'Text/Event-Stream; charset=utf-8'])(
    'a reply of type %s ends after the time, with what came until then',
    async (type) => {
      const state = serve(type, [encoder.encode('data: 1\n'), encoder.encode('data: 2\n')], false)
      const reply = await fetchBriefly('/api/events', {}, 20)
      expect(await reply.text()).toBe('data: 1\ndata: 2\n')
      expect(reply.status).toBe(200)
      expect(reply.headers.get('Content-Type')).toBe(type)
      expect(state.cancelled).toBe(1)
    },
  )

  it('a character that arrives in two pieces is shown whole', async () => {
    const bytes = encoder.encode('好')
    serve('text/event-stream', [bytes.slice(0, 1), bytes.slice(1)], false)
    expect(await (await fetchBriefly('/api/events', {}, 20)).text()).toBe('好')
  })

  it('a stream that ends by itself is shown at once', async () => {
    const state = serve('text/event-stream', [encoder.encode('bye')], true)
    expect(await (await fetchBriefly('/api/events', {}, 60_000)).text()).toBe('bye')
    expect(state.cancelled).toBe(0)
  })

  it('a reply of another type is returned untouched', async () => {
    serve('application/json', [encoder.encode('{}')], true)
    const reply = await fetchBriefly('/api')
    expect(reply).toBe(await fetch('/api'))
    expect(await reply.json()).toEqual({})
  })
})

describe('describeStreams', () => {
  const ok = (type: string) => ({ responses: { 200: { content: { [type]: {} } } } })
  const document: Document = {
    paths: {
      '/api': { get: ok('application/json') },
      '/api/events': { get: { ...ok('text/event-stream'), description: 'Events.' } },
      '/api/lines': { get: { responses: { 204: {} } }, post: ok('application/x-ndjson') },
    },
  }

  it('only operations that may reply with a stream get the note, after their own text', () => {
    const { paths } = describeStreams(document, 'Briefly.')
    expect(paths?.['/api']?.get?.description).toBeUndefined()
    expect(paths?.['/api/events']?.get?.description).toBe('Events.\n\nBriefly.')
    expect(paths?.['/api/lines']?.get?.description).toBeUndefined()
    expect(paths?.['/api/lines']?.post?.description).toBe('Briefly.')
  })

  it('the document itself is not changed', () => {
    expect(document.paths?.['/api/events']?.get?.description).toBe('Events.')
  })
})
