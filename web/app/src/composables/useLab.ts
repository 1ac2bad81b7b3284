// The concurrency lab: starts runs in the background, lists earlier ones, and selects which are shown.
import { computed, onMounted, ref, watch } from 'vue'
import { api, ApiError, call, type Task, type TaskSummary } from '../api/client'
import { t, type MessageKey } from '../i18n'
import { readResult, type LabResult, type LabSettings } from '../lib/lab'
import { useSession } from '../stores/session'
import { hasEnded, useTasks } from '../stores/tasks'
import { useAttempt } from './useAttempt'
import { useFollowedTask } from './useFollowedTask'
import { useForm } from './useForm'

const RUNS_LOADED = 50
const RUNS_SHOWN = 12

/** The settings of a run, with the bounds that the server has for them. */
export const LAB_FIELDS: Record<
  keyof LabSettings,
  { label: MessageKey; min: number; max: number }
> = {
  tasks: { label: 'labTasks', min: 1, max: 100 },
  cpu: { label: 'labUnits', min: 0, max: 1000 },
  wait_ms: { label: 'labWaitMs', min: 0, max: 5000 },
  repeat: { label: 'labRepeat', min: 1, max: 9 },
}

/** The run that is shown, and the one that it is compared with. */
export interface Selection {
  chosen: number | null
  compared: number | null
}

/** The selection after a click on a run of the list. */
export const choose = ({ chosen, compared }: Selection, id: number): Selection => ({
  chosen: id,
  compared: id === compared && id !== chosen ? null : compared,
})

/** The selection after a click on Compare, or on Do not compare. */
export const toggleCompared = ({ chosen, compared }: Selection, id: number): Selection => ({
  chosen,
  compared: compared === id ? null : id,
})

/** The selection after a run has finished: it is shown, and compared with the run shown before. */
export const chooseFinished = ({ chosen, compared }: Selection, id: number): Selection => ({
  chosen: id,
  compared: chosen !== null && chosen !== id ? chosen : compared,
})

export type Mark = 'chosen' | 'compared' | 'none'

/** How the list marks a run. */
export function markOf({ chosen, compared }: Selection, id: number): Mark {
  if (id === chosen) return 'chosen'
  return id === compared ? 'compared' : 'none'
}

/** A run with its result. */
export interface ShownRun {
  id: number
  result: LabResult
}

export function useLab() {
  const session = useSession()
  const tasks = useTasks()
  const runs = ref<TaskSummary[] | null>(null) // null: not loaded yet
  const runningId = ref<number | null>(null)
  const selection = ref<Selection>({ chosen: null, compared: null })
  const running = useFollowedTask(runningId)
  const { faults, error, busy, submit } = useForm(Object.keys(LAB_FIELDS))
  const { error: loadError, attempt } = useAttempt()

  const allowed = computed(() => session.user?.is_admin === true)
  const done = computed(() => (runs.value ?? []).filter((run) => run.state === 'done'))
  const listed = computed(() => done.value.slice(0, RUNS_SHOWN))
  const deadCount = computed(() => (runs.value ?? []).filter((run) => run.state === 'dead').length)
  const isEmpty = computed(() => done.value.length === 0 && runningId.value === null)

  const resultOf = (id: number | null): LabResult | null =>
    id === null ? null : readResult(tasks.tasks.get(id)?.result)
  const shown = computed<ShownRun[]>(() =>
    [selection.value.chosen, selection.value.compared].flatMap((id) => {
      const result = resultOf(id)
      return id !== null && result ? [{ id, result }] : []
    }),
  )
  const isUnreadable = computed(() => {
    const id = selection.value.chosen
    return id !== null && tasks.tasks.has(id) && resultOf(id) === null
  })

  const settingsOf = (id: number): LabSettings | undefined =>
    tasks.tasks.get(id)?.arguments as LabSettings | undefined

  const load = () =>
    attempt(async () => {
      runs.value = await tasks.list('lab', RUNS_LOADED)
      runningId.value = runs.value.find((run) => !hasEnded(run))?.id ?? null
      const newest = done.value[0]
      if (selection.value.chosen === null && newest)
        selection.value = { ...selection.value, chosen: newest.id }
      for (const run of listed.value) if (!tasks.tasks.has(run.id)) await tasks.load(run.id)
    })

  const start = (settings: LabSettings) =>
    submit(async () => {
      if (runningId.value !== null) return
      try {
        runningId.value = (await call(api.POST('/api/lab', { body: settings }))).id
      } catch (failure) {
        if (!(failure instanceof ApiError && failure.code === 'lab_is_running')) throw failure
        await load() // shows the run that another admin has started
      }
    })

  const cancel = () =>
    submit(async () => {
      if (runningId.value !== null) await tasks.cancel(runningId.value)
    })

  async function finish(task: Task): Promise<void> {
    runningId.value = null
    if (task.state === 'dead') error.value = t('labFailed', { error: task.error ?? '' })
    if (task.state === 'done') selection.value = chooseFinished(selection.value, task.id)
    await load()
  }

  watch(running, (task) => {
    if (task && hasEnded(task)) void finish(task)
  })

  watch(selection, ({ chosen, compared }) => {
    for (const id of [chosen, compared])
      if (id !== null && !tasks.tasks.get(id)?.result) void attempt(() => tasks.load(id))
  })

  watch(allowed, (is) => {
    if (is && runs.value === null) void load()
  })

  onMounted(async () => {
    if (!allowed.value) await session.refresh().catch(() => undefined)
    if (allowed.value) await load()
  })

  return {
    allowed,
    faults,
    error,
    busy,
    running,
    runningId,
    runs,
    listed,
    deadCount,
    isEmpty,
    loadError,
    shown,
    isUnreadable,
    settingsOf,
    markOf: (id: number) => markOf(selection.value, id),
    load,
    start,
    cancel,
    choose: (id: number) => (selection.value = choose(selection.value, id)),
    toggleCompared: (id: number) => (selection.value = toggleCompared(selection.value, id)),
  }
}
