// Open rooms, page by page.
import { afterEach, expect, it, vi } from 'vitest'
import { json, roomOf } from '../testing/server'
import { useOpenRooms } from './useOpenRooms'

afterEach(() => {
  vi.unstubAllGlobals()
})

it('pages are appended until there is none left', async () => {
  vi.stubGlobal('fetch', (request: Request) => {
    const cursor = new URL(request.url).searchParams.get('cursor')
    const page = cursor
      ? { items: [roomOf({ id: 2 })], next: null }
      : { items: [roomOf({ id: 1 })], next: 'c' }
    return Promise.resolve(json(page))
  })
  const { rooms, hasMore, loading, loadMore } = useOpenRooms()
  expect(loading.value).toBe(true)
  await vi.waitUntil(() => !loading.value)
  expect(hasMore.value).toBe(true)
  await loadMore()
  expect(rooms.value.map((room) => room.id)).toEqual([1, 2])
  expect(hasMore.value).toBe(false)
})
