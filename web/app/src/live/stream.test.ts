import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { save } from '../lib/storage'
import { useChat } from '../stores/chat'
import { useLive } from '../stores/live'
import { me, Server } from '../testing/server'

let server: Server

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  save('session', { token: 't', user: me })
  server = new Server()
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
  expect(server.opened).toEqual([''])
  return chat
}

describe('a stream', () => {
  it('brings entries without asking', async () => {
    const chat = await begin()
    const asked = server.synced
    server.tell('entry', server.say(), 'x-1')
    server.tell('entry', server.say(), 'x-2')
    await pass(50)
    expect(chat.rooms.get(7)).toMatchObject({ last_seq: 2, unread: 2 })
    expect(server.synced).toBe(asked)
  })

  it('tells each entry once, and a hole is filled by asking', async () => {
    const chat = await begin()
    server.tell('entry', server.say(), 'x-1')
    server.tell('entry', server.log[0]!, 'x-1')
    server.say()
    server.tell('entry', server.say(), 'x-3')
    await pass(50)
    expect(chat.rooms.get(7)).toMatchObject({ last_seq: 3, unread: 3 })
  })

  it('that ends is taken up again, with what was missed', async () => {
    const chat = await begin()
    server.tell('entry', server.say(), 'x-1')
    await pass(50)
    server.hangUp()
    server.say()
    await pass(5000)
    expect(server.opened).toEqual(['', 'x-1'])
    expect(chat.rooms.get(7)?.last_seq).toBe(2)
    expect(chat.online).toBe(true)
  })

  it('that is silent for too long is dead', async () => {
    await begin()
    await pass(40000)
    expect(server.opened.length).toBeGreaterThan(1)
  })

  it('says when to come again', async () => {
    await begin()
    server.tell('bye', { retry_ms: 7000 })
    server.hangUp()
    await pass(6500)
    expect(server.opened.length).toBe(1)
    await pass(1000)
    expect(server.opened.length).toBe(2)
  })

  it('tells who types, for a while', async () => {
    await begin()
    server.tell('typing', { room_id: 7, user: { id: 2, nickname: 'Li' } })
    await pass(50)
    expect(
      useLive()
        .typists.get(7)
        ?.map((one) => one.nickname),
    ).toEqual(['Li'])
    await pass(6000)
    expect(useLive().typists.has(7)).toBe(false)
  })

  it('tells what another device of mine has read', async () => {
    const chat = await begin()
    server.tell('entry', server.say(), 'x-1')
    await pass(50)
    server.tell('read', { room_id: 7, user_id: me.id, read_seq: 1 })
    await pass(50)
    expect(chat.rooms.get(7)).toMatchObject({ unread: 0, read_seq: 1 })
  })
})
