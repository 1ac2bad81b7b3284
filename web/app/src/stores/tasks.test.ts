import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Task } from '../api/client'
import { useLive } from './live'
import { useTasks } from './tasks'

let task: Pick<Task, 'id' | 'state' | 'progress'>
let asked = 0
let down = false

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
  task = { id: 5, state: 'queued', progress: 0 }
  asked = 0
  down = false
  vi.stubGlobal('fetch', async () => {
    asked++
    if (down) throw new TypeError('no network')
    return new Response(JSON.stringify(task), { headers: { 'Content-Type': 'application/json' } })
  })
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a task is looked at while it matters, until it has ended', async () => {
  const tasks = useTasks()
  tasks.follow(5)
  await pass(10)
  expect(tasks.tasks.get(5)?.state).toBe('queued')
  task = { id: 5, state: 'running', progress: 40 }
  await pass(1000)
  expect(tasks.tasks.get(5)).toMatchObject({ state: 'running', progress: 40 })
  task.state = 'done'
  await pass(1000)
  const then = asked
  await pass(60000)
  expect(tasks.tasks.get(5)?.state).toBe('done')
  expect(asked).toBe(then)
})

it('at once when a stream tells of it, and not when it is of no interest', async () => {
  const tasks = useTasks()
  tasks.follow(5)
  await pass(10)
  task.state = 'done'
  useLive().take({ name: 'task', data: { id: 5, kind: 'square', state: 'done' } })
  useLive().take({ name: 'task', data: { id: 6, kind: 'square', state: 'done' } })
  await pass(10)
  expect(tasks.tasks.get(5)?.state).toBe('done')
  expect(asked).toBe(2)
})

it('two who follow it ask once, until both have stopped', async () => {
  const tasks = useTasks()
  const [first, second] = [tasks.follow(5), tasks.follow(5)]
  await pass(10)
  expect(asked).toBe(1)
  first()
  first()
  await pass(1000)
  expect(asked).toBe(2)
  second()
  await pass(60000)
  expect(asked).toBe(2)
})

it('a server that is away is asked again, less often', async () => {
  const tasks = useTasks()
  down = true
  tasks.follow(5)
  await pass(10000)
  expect(asked).toBeLessThan(4)
  down = false
  task.state = 'done'
  await pass(5000)
  expect(tasks.tasks.get(5)?.state).toBe('done')
})
