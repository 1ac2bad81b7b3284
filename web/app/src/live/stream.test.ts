// The live stream, against a server that has streams.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { save } from '../lib/storage'
import { useChat } from '../stores/chat'
import { usePresence } from '../stores/presence'
import { FakeServer, me } from '../testing/server'
import { needsSync } from './stream'

let server: FakeServer

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  save('session', { token: 't', user: me })
  server = new FakeServer()
  server.streams = []
  server.install()
  setActivePinia(createPinia())
})

afterEach(() => {
  useChat().$dispose()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

async function begin() {
  const chat = useChat()
  await pass(100)
  expect(server.resumes).toEqual([''])
  return chat
}

describe('a stream', () => {
  it('brings entries without a sync', async () => {
    const chat = await begin()
    const asked = server.syncs
    server.emit('entry', server.append(), 'x-1')
    server.emit('entry', server.append(), 'x-2')
    await pass(50)
    expect(chat.rooms.get(7)).toMatchObject({ last_seq: 2, unread: 2 })
    expect(server.syncs).toBe(asked)
  })

  it('brings each entry once, and a sync fills a gap', async () => {
    const chat = await begin()
    server.emit('entry', server.append(), 'x-1')
    server.emit('entry', server.log[0]!, 'x-1')
    server.append()
    server.emit('entry', server.append(), 'x-3')
    await pass(50)
    expect(chat.rooms.get(7)).toMatchObject({ last_seq: 3, unread: 3 })
  })

  it('lets entries wait until a sync has found that their room begins again', async () => {
    const chat = await begin()
    await chat.open(7)
    server.emit('entry', server.append(), 'x-1')
    server.emit('entry', server.append(), 'x-2')
    await pass(50)
    server.syncMs = 100
    chat.refresh()
    await pass(50)
    server.log.pop()
    server.append({ body: 'another', created_at: '2026-01-02T00:00:00.000Z' })
    server.emit('rooms', { joined: {}, left: [], restarted: { 7: 2 }, renamed: {} })
    server.emit('entry', server.append({ created_at: '2026-01-02T00:00:01.000Z' }), 'x-3')
    await pass(1000)
    expect(chat.logs.get(7)?.entries.map(({ body }) => body)).toEqual(['m1', 'another', 'm3'])
  })

  it('that ended is resumed, and a sync brings what was missed', async () => {
    const chat = await begin()
    server.emit('entry', server.append(), 'x-1')
    await pass(50)
    server.endStreams()
    server.append()
    await pass(5000)
    expect(server.resumes).toEqual(['', 'x-1'])
    expect(chat.rooms.get(7)?.last_seq).toBe(2)
    expect(chat.online).toBe(true)
  })

  it('whose syncs fail tries again ever later, and the page shows it', async () => {
    const chat = await begin()
    server.syncFault = { status: 422 }
    const asked = server.syncs
    chat.refresh()
    await pass(100)
    expect(chat.online).toBe(true)
    await pass(60_000)
    expect(server.syncs - asked).toBeLessThan(8)
    expect(chat.online).toBe(false)
    server.syncFault = null
    await pass(40_000)
    expect(chat.online).toBe(true)
  })

  it('waits as long as the server asks before the next sync', async () => {
    const chat = await begin()
    server.syncFault = { status: 503, headers: { 'Retry-After': '20' } }
    const asked = server.syncs
    chat.refresh()
    await pass(19_000)
    expect(server.syncs - asked).toBe(1)
  })

  it('names the rooms in parts: one sync follows the last', async () => {
    await begin()
    const asked = server.syncs
    const part = { heartbeat_ms: 15000, session: 1, resumed: false }
    server.emit('hello', { ...part, rooms: { 7: 0 }, more: true })
    await pass(50)
    expect(server.syncs).toBe(asked)
    server.emit('hello', { ...part, rooms: { 8: 1 }, more: false })
    await pass(50)
    expect(server.syncs).toBe(asked + 1)
  })

  it('that is silent for too long is replaced', async () => {
    await begin()
    await pass(40000)
    expect(server.resumes.length).toBeGreaterThan(1)
  })

  it('that says bye is opened again after the time it asked for', async () => {
    await begin()
    server.emit('bye', { retry_ms: 7000 })
    server.endStreams()
    await pass(6500)
    expect(server.resumes.length).toBe(1)
    await pass(1000)
    expect(server.resumes.length).toBe(2)
  })

  it('shows who is typing, for 6 seconds', async () => {
    await begin()
    server.emit('typing', { room_id: 7, user: { id: 2, username: 'li', nickname: 'Li' } })
    await pass(50)
    expect(
      usePresence()
        .typists.get(7)
        ?.map((one) => one.nickname),
    ).toEqual(['Li'])
    await pass(6000)
    expect(usePresence().typists.has(7)).toBe(false)
  })

  it('applies what another device of mine has read', async () => {
    const chat = await begin()
    server.emit('entry', server.append(), 'x-1')
    await pass(50)
    server.emit('read', { room_id: 7, user_id: me.id, read_seq: 1 })
    await pass(50)
    expect(chat.rooms.get(7)).toMatchObject({ unread: 0, read_seq: 1 })
  })
})

describe('after hello', () => {
  const marksOf = (seqs: Record<string, number>) =>
    Object.fromEntries(Object.entries(seqs).map(([id, seq]) => [id, { seq, at: 0 }]))

  it('a page needs a sync after each stream that was not resumed', () => {
    expect(needsSync(marksOf({ 7: 3 }), { rooms: { 7: 3 }, resumed: false })).toBe(true)
  })

  it('a page that lacks entries needs no sync if the stream resumed', () => {
    expect(needsSync(marksOf({ 7: 2 }), { rooms: { 7: 3 }, resumed: true })).toBe(false)
  })

  it('a page that has other rooms than the server needs a sync', () => {
    expect(needsSync(marksOf({ 7: 3 }), { rooms: { 7: 3, 8: 1 }, resumed: true })).toBe(true)
    expect(needsSync(marksOf({ 7: 3, 9: 1 }), { rooms: { 7: 3 }, resumed: true })).toBe(true)
    expect(needsSync(marksOf({ 9: 3 }), { rooms: { 7: 3 }, resumed: true })).toBe(true)
  })
})
