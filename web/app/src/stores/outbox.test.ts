import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Entry } from '../api/client'
import { me, Server } from '../testing/server'
import { useOutbox } from './outbox'

let server: Server
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
  server = new Server()
  server.install()
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the outbox', () => {
  it('sends in order, one after the other', async () => {
    const outbox = begin()
    for (const body of ['a', 'b', 'c']) outbox.send(7, body)
    await vi.advanceTimersByTimeAsync(100)
    expect(server.log.map((entry) => entry.body)).toEqual(['a', 'b', 'c'])
    expect(outbox.items).toEqual([])
    expect(arrived.map((entry) => entry.seq)).toEqual([1, 2, 3])
  })

  it('makes one message of many tries, and keeps the order while it tries', async () => {
    const outbox = begin()
    server.faults = ['lost request', 'lost answer', { status: 503 }]
    outbox.send(7, 'a')
    outbox.send(7, 'b')
    await vi.advanceTimersByTimeAsync(30000)
    expect(server.log.map((entry) => entry.body)).toEqual(['a', 'b'])
    expect(new Set(server.sent.slice(0, 4)).size).toBe(1)
    expect(outbox.items).toEqual([])
  })

  it('waits as long as it is asked to', async () => {
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

  it('shows nothing as failed that has arrived after all', async () => {
    const outbox = begin()
    const answer = fetch
    vi.stubGlobal('fetch', (request: Request) => {
      outbox.drop(outbox.items[0]!.client_id) // a sync brings the entry, while a second try is under way and is refused
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

  it('shows what the server refuses, goes on with the rest, and tries again when told to', async () => {
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
    expect(new Set(server.sent).size).toBe(2)
  })

  it('outlives a reload', async () => {
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

  it('keeps what is unsent when the session has ended', async () => {
    const outbox = begin()
    server.faults = [{ status: 401, body: { detail: 'sign in', code: 'not_signed_in' } }]
    outbox.send(7, 'a')
    await vi.advanceTimersByTimeAsync(60000)
    expect(server.sent.length).toBe(1)
    outbox.stop()
    begin()
    await vi.advanceTimersByTimeAsync(100)
    expect(server.log.map((entry) => entry.body)).toEqual(['a'])
  })
})
