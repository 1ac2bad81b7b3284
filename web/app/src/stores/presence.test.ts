// Typing, presence, and how far others have read.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { countReaders, usePresence } from './presence'

let calls = 0 // that announce typing

beforeEach(() => {
  vi.useFakeTimers({ now: 1e12 })
  calls = 0
  vi.stubGlobal('fetch', (request: Request) => {
    if (request.url.endsWith('/typing')) calls++
    return Promise.resolve(new Response(null, { status: 204 }))
  })
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('only others who have read up to a message count as its readers', () => {
  const marks = new Map([
    [1, 9],
    [2, 5],
    [3, 4],
  ])
  expect(countReaders(marks, 5, 1)).toBe(1)
})

it('typing is announced at most every 3 seconds', async () => {
  const presence = usePresence()
  presence.announceTyping(7)
  presence.announceTyping(7)
  await vi.advanceTimersByTimeAsync(10)
  expect(calls).toBe(1)
  await vi.advanceTimersByTimeAsync(3_000)
  presence.announceTyping(7)
  await vi.advanceTimersByTimeAsync(10)
  expect(calls).toBe(2)
})

it('after sending, the next keystroke announces typing immediately', async () => {
  const presence = usePresence()
  presence.announceTyping(7)
  presence.resetTyping(7)
  presence.announceTyping(7)
  await vi.advanceTimersByTimeAsync(10)
  expect(calls).toBe(2)
})

it('a read mark never moves backwards', () => {
  const presence = usePresence()
  const read = (read_seq: number) =>
    presence.apply({ name: 'read', data: { room_id: 7, user_id: 2, read_seq } })
  read(5)
  read(3)
  expect(presence.readers(7, 5, 1)).toBe(1)
})
