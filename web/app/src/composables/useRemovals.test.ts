// Users who were removed from a room: listed, and let in again.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { useChat } from '../stores/chat'
import { entryOf, json, personOf, roomOf } from '../testing/server'
import { useRemovals } from './useRemovals'

let removed: number[] = []
let calls: string[] = []
const scope = effectScope()

beforeEach(() => {
  removed = [2, 3]
  calls = []
  vi.stubGlobal('fetch', (request: Request) => {
    calls.push(`${request.method} ${new URL(request.url).pathname}`)
    if (request.method === 'DELETE') return Promise.resolve(new Response(null, { status: 204 }))
    const items = removed.map((id) => ({
      user: personOf({ id, username: `u${id}`, nickname: `U${id}` }),
      removed_at: '2026-01-01T00:00:00.000Z',
    }))
    return Promise.resolve(json({ items, next: null }))
  })
  setActivePinia(createPinia())
})

afterEach(() => {
  scope.stop()
  vi.unstubAllGlobals()
})

it('a removal that was lifted is gone from the list, and one that follows is added', async () => {
  const { removals, loading, lift } = scope.run(() => useRemovals(() => roomOf()))!
  const shown = () => removals.value.map((one) => one.user.id)
  await vi.waitUntil(() => !loading.value)
  expect(shown()).toEqual([2, 3])
  await lift(2)
  expect(calls.at(-1)).toBe('DELETE /api/rooms/7/removals/2')
  expect(shown()).toEqual([3])
  removed = [3, 4]
  const entries = [entryOf(1, { kind: 'leave' })]
  useChat().logs.set(7, { entries, top: 1, complete: true, loading: false })
  await vi.waitFor(() => expect(shown()).toEqual([3, 4]))
})
