// A background task that a component follows.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { json } from '../testing/server'
import { useFollowedTask } from './useFollowedTask'

let polled: string[] = []

beforeEach(() => {
  vi.useFakeTimers()
  polled = []
  vi.stubGlobal('fetch', (request: Request) => {
    const id = new URL(request.url).pathname.split('/').at(-1)!
    polled.push(id)
    return Promise.resolve(json({ id: Number(id), state: 'running' }))
  })
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('the task of the present id is followed, and none after the end', async () => {
  const id = ref<number | null>(5)
  const scope = effectScope()
  const task = scope.run(() => useFollowedTask(id))!
  await vi.advanceTimersByTimeAsync(100)
  expect(task.value?.id).toBe(5)
  id.value = 6
  await nextTick()
  await vi.advanceTimersByTimeAsync(2_500)
  expect(polled).toEqual(['5', '6', '6', '6'])
  scope.stop()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(polled.length).toBe(4)
})
