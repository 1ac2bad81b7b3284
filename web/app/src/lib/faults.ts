import { ref } from 'vue'
import { ApiError } from '../api/client'
import { errorWords } from './words'

/** What is wrong with a form: under its fields where the server names one of them, else above all of it. */
export function useFaults(fields: readonly string[]) {
  const faults = ref<Record<string, string>>({})
  const error = ref('')

  function clear(): void {
    faults.value = {}
    error.value = ''
  }

  function take(failure: unknown): void {
    clear()
    const list = failure instanceof ApiError ? failure.faults : []
    for (const fault of list) {
      const field = String(fault.loc[1] ?? '')
      if (fields.includes(field)) faults.value[field] ??= fault.msg
      else error.value ||= fault.msg
    }
    if (list.length === 0) error.value = errorWords(failure)
  }

  return { faults, error, clear, take }
}
