// Background tasks that the page waits for. They are polled while somebody follows them, and at once when the stream
// reports a change.
import { defineStore } from 'pinia'
import { shallowReactive } from 'vue'
import { api, ApiError, call, type Task, type TaskState, type TaskSummary } from '../api/client'

const POLL_MS = 1_000
const POLL_UNREACHABLE_MS = 5_000 // after a call that failed

const ENDED: Record<TaskState, boolean> = {
  queued: false,
  running: false,
  failed: false, // it will be run again
  done: true,
  dead: true,
  cancelled: true,
}

export const hasEnded = (task: Pick<Task, 'state'>): boolean => ENDED[task.state]

interface Followed {
  followers: number
  timer: ReturnType<typeof setTimeout> | undefined
  polling: boolean // a call is under way
}

export const useTasks = defineStore('tasks', () => {
  const tasks = shallowReactive(new Map<number, Task>())
  const followed = new Map<number, Followed>()

  /** Loads the task as it is now. Throws an ApiError. */
  async function load(id: number): Promise<Task> {
    const params = { path: { task_id: id } }
    const task = await call(api.GET('/api/tasks/{task_id}', { params }))
    tasks.set(id, task)
    return task
  }

  /** The newest tasks of a kind, newest first; those of all users if this one may see them. Throws an ApiError. */
  async function list(kind: string, limit: number): Promise<TaskSummary[]> {
    return (await call(api.GET('/api/tasks', { params: { query: { kind, limit } } }))).items
  }

  /** My newest task of a kind, or null. Throws an ApiError. */
  async function newestOfMine(kind: string): Promise<Task | null> {
    const query = { kind, mine: true, limit: 1 }
    const newest = (await call(api.GET('/api/tasks', { params: { query } }))).items[0]
    return newest ? load(newest.id) : null
  }

  async function poll(id: number): Promise<void> {
    const entry = followed.get(id)
    if (!entry || entry.polling) return
    clearTimeout(entry.timer)
    entry.polling = true
    const wait = await pollOnce(id)
    entry.polling = false
    if (followed.get(id) === entry && wait > 0) entry.timer = setTimeout(() => void poll(id), wait)
  }

  /** Returns the milliseconds until the next poll; 0 if there is nothing more to come. */
  async function pollOnce(id: number): Promise<number> {
    try {
      return hasEnded(await load(id)) ? 0 : POLL_MS
    } catch (error) {
      return error instanceof ApiError && error.transient ? POLL_UNREACHABLE_MS : 0
    }
  }

  /** Polls a task until it has ended, or until the returned function is called. */
  function follow(id: number): () => void {
    const entry = followed.get(id) ?? { followers: 0, timer: undefined, polling: false }
    entry.followers++
    followed.set(id, entry)
    void poll(id)
    let stopped = false
    return () => {
      if (stopped) return
      stopped = true
      entry.followers--
      if (entry.followers > 0) return
      clearTimeout(entry.timer)
      followed.delete(id)
    }
  }

  /** Throws an ApiError. */
  async function cancel(id: number): Promise<void> {
    const params = { path: { task_id: id } }
    tasks.set(id, await call(api.POST('/api/tasks/{task_id}/cancel', { params })))
  }

  /** Polls a task at once, if somebody follows it. */
  const refresh = (id: number): void => void poll(id)

  return { tasks, load, list, newestOfMine, follow, cancel, refresh }
})
