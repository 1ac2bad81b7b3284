// Background tasks that something on the page waits for: asked for while they matter, and at once when a stream tells of one.
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { api, ApiError, call, type Task } from '../api/client'

const each = 1000 // milliseconds between two looks
const slow = 5000 // … where the server was not reached

export const ended = (task: Pick<Task, 'state'>): boolean =>
  task.state === 'done' || task.state === 'dead' || task.state === 'cancelled'

interface Followed {
  count: number // of those who follow it
  timer: ReturnType<typeof setTimeout> | undefined
  asking: boolean
}

export const useTasks = defineStore('tasks', () => {
  const tasks = shallowReactive(new Map<number, Task>())
  const followed = new Map<number, Followed>()

  /** The task as it is now. Throws an ApiError. */
  async function look(id: number): Promise<Task> {
    const task = await call(api.GET('/api/tasks/{task_id}', { params: { path: { task_id: id } } }))
    tasks.set(id, task)
    return task
  }

  async function ask(id: number): Promise<void> {
    const one = followed.get(id)
    if (!one || one.asking) return
    clearTimeout(one.timer)
    one.asking = true
    let next = each
    try {
      if (ended(await look(id))) next = 0
    } catch (error) {
      next = error instanceof ApiError && error.passing ? slow : 0
    }
    one.asking = false
    if (followed.get(id) === one && next > 0) one.timer = setTimeout(() => void ask(id), next)
  }

  /** Look at it until it has ended, or the returned function is called. */
  function follow(id: number): () => void {
    const one = followed.get(id) ?? { count: 0, timer: undefined, asking: false }
    one.count++
    followed.set(id, one)
    void ask(id)
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      one.count--
      if (one.count > 0) return
      clearTimeout(one.timer)
      followed.delete(id)
    }
  }

  /** The newest of mine of a kind; null where there is none. */
  async function newest(kind: string): Promise<Task | null> {
    const page = await call(
      api.GET('/api/tasks', { params: { query: { kind, mine: true, limit: 1 } } }),
    )
    const first = page.items[0]
    return first ? look(first.id) : null
  }

  async function cancel(id: number): Promise<void> {
    tasks.set(
      id,
      await call(api.POST('/api/tasks/{task_id}/cancel', { params: { path: { task_id: id } } })),
    )
  }

  /** A stream tells that something has become of it. */
  const told = (id: number): void => void ask(id)

  return { tasks, look, follow, newest, cancel, told }
})
