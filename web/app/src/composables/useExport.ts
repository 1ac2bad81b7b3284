// The export of the user's data: a background task makes a zip file, which can be downloaded until it expires.
import { computed, onScopeDispose, ref } from 'vue'
import { api, call, download, type Task } from '../api/client'
import { hasEnded, useTasks } from '../stores/tasks'
import { useAttempt } from './useAttempt'
import { useFollowedTask } from './useFollowedTask'

/** The result of an export task. */
export interface ExportResult {
  rooms: number
  entries: number
  bytes: number
  download: string // the path of the file
  expires_at: string
}

export type ExportState =
  | { name: 'none' }
  | { name: 'working'; progress: number }
  | { name: 'ready'; result: ExportResult }
  | { name: 'failed'; error: string }

const REVOKE_MS = 60_000 // by then the browser has begun to save the file

/** The state of an export at `now`. `task` is undefined while a known task is still being loaded. */
export function exportState(id: number | null, task: Task | undefined, now: number): ExportState {
  if (id === null) return { name: 'none' }
  if (!task || !hasEnded(task)) return { name: 'working', progress: task?.progress ?? 0 }
  if (task.state === 'dead') return { name: 'failed', error: task.error ?? '' }
  const result = task.state === 'done' ? (task.result as ExportResult | null) : null
  if (!result || Date.parse(result.expires_at) <= now) return { name: 'none' }
  return { name: 'ready', result }
}

/** "fastchat-2026-01-31.zip" */
export const fileName = (date: Date): string => `fastchat-${date.toISOString().slice(0, 10)}.zip`

function saveFile(file: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = fileName(new Date())
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), REVOKE_MS)
}

/** Looks for an earlier export at once. */
export function useExport() {
  const tasks = useTasks()
  const id = ref<number | null>(null)
  const task = useFollowedTask(id)
  const state = computed(() => exportState(id.value, task.value, Date.now()))
  const { error, busy, attempt } = useAttempt()
  const ending = new AbortController() // ends a download with the composable
  onScopeDispose(() => ending.abort())

  const begin = () =>
    attempt(async () => {
      id.value = (await call(api.POST('/api/exports'))).id
    })

  const save = (result: ExportResult) =>
    attempt(async () => saveFile(await download(result.download, ending.signal)))

  const findEarlier = () =>
    attempt(async () => {
      const earlier = await tasks.newestOfMine('export')
      if (earlier && id.value === null && earlier.state !== 'cancelled') id.value = earlier.id
    })

  void findEarlier()
  return { state, error, busy, begin, save }
}
