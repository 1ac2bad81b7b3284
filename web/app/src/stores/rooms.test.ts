// The rooms and logs that the page has.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { entryOf, roomOf } from '../testing/server'
import { clearCache, useRoomState } from './rooms'

beforeEach(() => {
  setActivePinia(createPinia())
  vi.useFakeTimers({ now: 1e12 })
  localStorage.clear()
})

afterEach(() => {
  vi.useRealTimers()
})

it('the stored rooms are those of the same user at the next visit', () => {
  const state = useRoomState()
  state.restore(1)
  state.putRoom(roomOf({ id: 7 }))
  vi.advanceTimersByTime(1_000)
  const restored = (user: number) => {
    const next = useRoomState()
    next.restore(user)
    return [...next.rooms.keys()]
  }
  expect([restored(1), restored(2)]).toEqual([[7], []])
  clearCache(1)
  expect(restored(1)).toEqual([])
})

it('a stored room has no mark until the server has sent its summary', () => {
  const state = useRoomState()
  state.setRoom(roomOf({ id: 7, last_seq: 3 }))
  expect(state.marks()).toEqual({})
  state.putRoom(roomOf({ id: 7, last_seq: 4 }))
  expect(state.marks()).toEqual({ 7: { seq: 4, at: Date.parse('2026-01-01') } })
})

it('the mark of a loaded log is where its first gap begins', () => {
  const state = useRoomState()
  state.putRoom(roomOf({ id: 7, last_seq: 9 }))
  state.setLog(7, { entries: [entryOf(3)], top: 3 })
  state.mergeIntoLog(7, [entryOf(4), entryOf(6)])
  expect(state.markOf(7)).toBe(4)
})

it('rooms without a summary are removed when all summaries have come', () => {
  const state = useRoomState()
  state.setRoom(roomOf({ id: 8 }))
  state.putRoom(roomOf({ id: 7 }))
  state.completeSummaries()
  expect([...state.rooms.keys()]).toEqual([7])
  expect(state.ready.value).toBe(true)
})

it('expired summaries are loaded again, but not that of the room that is shown', () => {
  const state = useRoomState()
  state.putRoom(roomOf({ id: 7 }))
  state.putRoom(roomOf({ id: 8 }))
  state.completeSummaries()
  vi.advanceTimersByTime(10_001)
  expect(state.summariesOlderThan(10_000)).toBe(true)
  state.active.value = 8
  state.expireSummaries()
  expect(Object.keys(state.marks())).toEqual(['8'])
  expect(state.summariesOlderThan(0)).toBe(false)
})

it('a sync during which the summaries expired does not complete them', () => {
  const state = useRoomState()
  state.beginSync()
  state.putRoom(roomOf({ id: 7 }))
  state.expireSummaries()
  state.completeSummaries()
  expect([...state.rooms.keys()]).toEqual([7])
  state.beginSync()
  state.completeSummaries()
  expect([...state.rooms.keys()]).toEqual([])
})
