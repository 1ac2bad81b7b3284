// The outbox, against a fake server that loses requests and answers.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../api/client'
import { FakeServer, me } from '../testing/server'
import { useOutbox } from './outbox'

let server: FakeServer
let arrived: Entry[]

function begin() {
  setActivePinia(createPinia())
  const outbox = useOutbox()
  outbox.start(me.id, (entry) => arrived.push(entry))
  return outbox
}

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  arrived = []
  server = new FakeServer()
  server.install()
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the outbox', () => {
  it('sends a room’s messages in order', async () => {
    const outbox = begin()
    for (const body of ['a', 'b', 'c']) outbox.send(7, body)
    await vi.advanceTimersByTimeAsync(100)
    expect(server.log.map((entry) => entry.body)).toEqual(['a', 'b', 'c'])
    expect(outbox.items).toEqual([])
    expect(arrived.map((entry) => entry.seq)).toEqual([1, 2, 3])
  })

  it('makes one message of many tries, and keeps the order', async () => {
    const outbox = begin()
    server.faults = ['lost request', 'lost answer', { status: 503 }]
    outbox.send(7, 'a')
    outbox.send(7, 'b')
    await vi.advanceTimersByTimeAsync(30000)
    expect(server.log.map((entry) => entry.body)).toEqual(['a', 'b'])
    expect(new Set(server.attempts.slice(0, 4)).size).toBe(1)
    expect(outbox.items).toEqual([])
  })

  it('waits for as long as Retry-After asks', async () => {
    const outbox = begin()
    server.faults = [
      {
        status: 429,
        body: { detail: 'slowly', code: 'too_many_requests' },
        headers: { 'Retry-After': '20' },
      },
    ]
    outbox.send(7, 'a')
    await vi.advanceTimersByTimeAsync(19900)
    expect(server.log).toEqual([])
    await vi.advanceTimersByTimeAsync(200)
    expect(server.log.length).toBe(1)
  })

  it('does not show a message as failed that did arrive', async () => {
    const outbox = begin()
    const answer = fetch
    vi.stubGlobal('fetch', (request: Request) => {
      outbox.remove(outbox.items[0]!.client_id) // as if a sync had brought the entry during a retry that is refused
      return answer(request)
    })
    server.faults = [{ status: 403, body: { detail: 'not here', code: 'not_a_member' } }]
    outbox.send(7, 'a')
    await vi.advanceTimersByTimeAsync(100)
    expect(outbox.items).toEqual([])
  })

  it('keeps the messages of two users apart', async () => {
    server.down = true
    const outbox = begin()
    outbox.send(7, 'of the first')
    await vi.advanceTimersByTimeAsync(100)
    outbox.stop()
    server.down = false
    outbox.start(me.id + 1, (entry) => arrived.push(entry))
    outbox.send(7, 'of the second')
    await vi.advanceTimersByTimeAsync(5000)
    expect(server.log.map((entry) => entry.body)).toEqual(['of the second'])
    expect(arrived.length).toBe(1)
  })

  it('shows what the server refused, sends the rest, and retries on demand', async () => {
    const outbox = begin()
    server.faults = [{ status: 403, body: { detail: 'not here', code: 'not_allowed' } }]
    outbox.send(7, 'a')
    outbox.send(7, 'b')
    await vi.advanceTimersByTimeAsync(100)
    expect(outbox.items.map((item) => [item.body, item.failed])).toEqual([['a', 'not here']])
    expect(server.log.map((entry) => entry.body)).toEqual(['b'])
    outbox.retry(outbox.items[0]!.client_id)
    await vi.advanceTimersByTimeAsync(100)
    expect(server.log.map((entry) => entry.body)).toEqual(['b', 'a'])
    expect(new Set(server.attempts).size).toBe(2)
  })

  it('survives a reload', async () => {
    server.down = true
    begin().send(7, 'a')
    await vi.advanceTimersByTimeAsync(500)
    server.down = false
    const again = begin()
    expect(again.items.map((item) => item.body)).toEqual(['a'])
    await vi.advanceTimersByTimeAsync(30000)
    expect(server.log.map((entry) => entry.body)).toEqual(['a'])
    expect(again.items).toEqual([])
  })

  it('keeps unsent messages when the session ends', async () => {
    const outbox = begin()
    server.faults = [{ status: 401, body: { detail: 'sign in', code: 'not_signed_in' } }]
    outbox.send(7, 'a')
    await vi.advanceTimersByTimeAsync(60000)
    expect(server.attempts.length).toBe(1)
    outbox.stop()
    begin()
    await vi.advanceTimersByTimeAsync(100)
    expect(server.log.map((entry) => entry.body)).toEqual(['a'])
  })
})
