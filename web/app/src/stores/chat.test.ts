// The rooms and their logs, against a fake server.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { save } from '../lib/storage'
import { FakeServer, me, personOf, roomOf } from '../testing/server'
import { firstPageSize, useChat } from './chat'
import { useOutbox } from './outbox'

let server: FakeServer

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)
const seqs = () =>
  useChat()
    .logs.get(7)
    ?.entries.map((entry) => entry.seq)

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  save('session', { token: 't', user: me })
  server = new FakeServer()
  server.install()
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('the rooms', () => {
  it('are shown from the cache at first, then from the server', async () => {
    save(`rooms.${me.id}`, [roomOf({ id: 7, name: 'old' }), roomOf({ id: 8, name: 'gone' })])
    const chat = useChat()
    expect(chat.list.length).toBe(2)
    await pass(100)
    expect(chat.list.map((room) => room.name)).toEqual(['room'])
  })

  it('may be any number', async () => {
    server.rooms = Array.from({ length: 1_100 }, (_, i) => roomOf({ id: i + 1 }))
    const chat = useChat()
    await pass(1_000)
    expect(chat.rooms.size).toBe(1_100)
    server.rooms = server.rooms.slice(1)
    server.append({ room_id: 1_050 })
    await pass(3_000)
    expect(chat.rooms.size).toBe(1_099)
    expect(chat.rooms.get(1_050)?.last_seq).toBe(1)
  })

  it('count messages of others as unread, not mine', async () => {
    const chat = useChat()
    await pass(100)
    server.append()
    server.append({ sender: personOf(me) })
    server.append({ kind: 'rename', body: 'new name' })
    await pass(3000)
    expect(chat.rooms.get(7)).toMatchObject({ unread: 1, name: 'new name', last_seq: 3 })
    expect(chat.unread).toBe(1)
  })

  it('are removed when I am removed from them', async () => {
    const chat = useChat()
    await pass(100)
    chat.active = 7
    server.rooms = []
    await pass(3000)
    expect(chat.list).toEqual([])
    expect(chat.lost?.id).toBe(7)
  })
})

describe('an open room', () => {
  it('has each entry once and in order, whichever way it came', async () => {
    for (let i = 0; i < 8; i++) server.append()
    const chat = useChat()
    await pass(100)
    await chat.open(7)
    expect(seqs()).toEqual([6, 7, 8])
    await chat.loadOlder(7)
    for (let i = 0; i < 5; i++) server.append()
    await pass(5000)
    await chat.loadOlder(7)
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    expect(chat.logs.get(7)?.complete).toBe(true)
  })

  it('that went back to an older state is loaded again', async () => {
    for (let i = 0; i < 8; i++) server.append()
    const chat = useChat()
    await pass(100)
    await chat.open(7)
    server.log.length = 5
    await pass(3000)
    expect(seqs()).toEqual([3, 4, 5])
    expect(chat.rooms.get(7)?.last_seq).toBe(5)
    expect(chat.restored?.id).toBe(7)
  })

  it('fills the gap before a message of mine', async () => {
    server.append()
    const chat = useChat()
    await pass(100)
    await chat.open(7)
    await pass(100)
    server.append()
    server.append()
    useOutbox().send(7, 'mine')
    await pass(100)
    expect(seqs()).toEqual([1, 2, 3, 4])
    expect(chat.rooms.get(7)).toMatchObject({ last_seq: 4, unread: 2 })
    expect(useOutbox().items).toEqual([])
  })

  it('is read up to its last loaded entry', async () => {
    server.append()
    const chat = useChat()
    await pass(100)
    await chat.open(7)
    server.append()
    await pass(3000)
    expect(chat.unread).toBe(1)
    await chat.markRead(7)
    expect(chat.rooms.get(7)).toMatchObject({ read_seq: 2, unread: 0 })
  })
})

describe('the connection', () => {
  it('is shown as lost after the second failure, and catches up when it returns', async () => {
    const chat = useChat()
    await pass(100)
    await chat.open(7)
    server.down = true
    await pass(2200)
    expect(chat.online).toBe(true)
    await pass(5000)
    expect(chat.online).toBe(false)
    server.down = false
    for (let i = 0; i < 7; i++) server.append()
    await pass(30000)
    expect(chat.online).toBe(true)
    expect(seqs()).toEqual([1, 2, 3, 4, 5, 6, 7])
  })
})

it('the first page of a room holds all unread entries, up to the server’s maximum', () => {
  expect([0, 40, 99].map(firstPageSize)).toEqual([50, 60, 100])
})
