// Actions on rooms.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { save } from '../lib/storage'
import { useChat } from '../stores/chat'
import { json, me, roomOf } from '../testing/server'
import { useRoomActions } from './useRoomActions'

let calls: string[] = []

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  save('session', { token: 't', user: me })
  calls = []
  vi.stubGlobal('fetch', (request: Request | string) => {
    if (typeof request === 'string') return Promise.reject(new TypeError('no streams'))
    const { pathname } = new URL(request.url)
    if (pathname === '/api/sync') return Promise.reject(new TypeError('no network'))
    calls.push(`${request.method} ${pathname}`)
    return Promise.resolve(json(roomOf({ id: 9, name: 'new' })))
  })
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a room is in the list as soon as it is created', async () => {
  const room = await useRoomActions().create({ name: 'new' })
  expect(room.id).toBe(9)
  expect(useChat().rooms.get(9)?.name).toBe('new')
})

it('a room is loaded after joining it, and is in the list', async () => {
  await useRoomActions().join(9)
  expect(calls).toEqual([`PUT /api/rooms/9/members/${me.id}`, 'GET /api/rooms/9'])
  expect(useChat().rooms.has(9)).toBe(true)
})

it('a room that the user leaves is removed from the list', async () => {
  const actions = useRoomActions()
  await actions.create({ name: 'new' })
  await actions.leave(9)
  expect(calls.at(-1)).toBe(`DELETE /api/rooms/9/members/${me.id}`)
  expect(useChat().rooms.has(9)).toBe(false)
})
