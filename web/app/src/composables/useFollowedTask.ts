// A background task that is followed for as long as a component is shown, or until the id changes.
import { computed, watch, type ComputedRef, type Ref } from 'vue'
import type { Task } from '../api/client'
import { useTasks } from '../stores/tasks'

/** The task with this id; undefined if there is none, or while it is being loaded. */
export function useFollowedTask(id: Ref<number | null>): ComputedRef<Task | undefined> {
  const tasks = useTasks()
  watch(
    id,
    (now, _before, onCleanup) => {
      if (now !== null) onCleanup(tasks.follow(now))
    },
    { immediate: true },
  )
  return computed(() => (id.value === null ? undefined : tasks.tasks.get(id.value)))
}
