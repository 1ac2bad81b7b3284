// Background tasks, followed.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Task } from '../api/client'
import { json } from '../testing/server'
import { usePresence } from './presence'
import { useTasks } from './tasks'

let task: Pick<Task, 'id' | 'state' | 'progress'>
let polls = 0
let down = false

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

const stops: (() => void)[] = []

/** Follows the task until the end of the test at the latest: a poll of one test must not be counted in the next. */
function follow(id: number): () => void {
  const stop = useTasks().follow(id)
  stops.push(stop)
  return stop
}

beforeEach(() => {
  vi.useFakeTimers()
  task = { id: 5, state: 'queued', progress: 0 }
  polls = 0
  down = false
  vi.stubGlobal('fetch', () => {
    polls++
    if (down) return Promise.reject(new TypeError('no network'))
    return Promise.resolve(json(task))
  })
  setActivePinia(createPinia())
})

afterEach(() => {
  for (const stop of stops.splice(0)) stop()
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a followed task is polled until it has ended', async () => {
  const tasks = useTasks()
  follow(5)
  await pass(10)
  expect(tasks.tasks.get(5)?.state).toBe('queued')
  task = { id: 5, state: 'running', progress: 40 }
  await pass(1000)
  expect(tasks.tasks.get(5)).toMatchObject({ state: 'running', progress: 40 })
  task.state = 'done'
  await pass(1000)
  const before = polls
  await pass(60000)
  expect(tasks.tasks.get(5)?.state).toBe('done')
  expect(polls).toBe(before)
})

it('a task event polls a followed task at once, and no other', async () => {
  const tasks = useTasks()
  follow(5)
  await pass(10)
  task.state = 'done'
  usePresence().apply({ name: 'task', data: { id: 5, kind: 'square', state: 'done' } })
  usePresence().apply({ name: 'task', data: { id: 6, kind: 'square', state: 'done' } })
  await pass(10)
  expect(tasks.tasks.get(5)?.state).toBe('done')
  expect(polls).toBe(2)
})

it('two followers of a task share its polls until both have stopped', async () => {
  const [first, second] = [follow(5), follow(5)]
  await pass(10)
  expect(polls).toBe(1)
  first()
  first()
  await pass(1000)
  expect(polls).toBe(2)
  second()
  await pass(60000)
  expect(polls).toBe(2)
})

it('a task is polled less often while the server cannot be reached', async () => {
  const tasks = useTasks()
  down = true
  follow(5)
  await pass(10000)
  expect(polls).toBeLessThan(4)
  down = false
  task.state = 'done'
  await pass(5000)
  expect(tasks.tasks.get(5)?.state).toBe('done')
})
