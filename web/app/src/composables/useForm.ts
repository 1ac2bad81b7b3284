// A form: whether it is being sent, and the faults that the server found, field by field.
import { ref } from 'vue'
import { ApiError } from '../api/client'
import { errorText } from '../lib/texts'

/** The faults of an error by field; `error` holds what belongs to no field of the form. */
export function faultsByField(
  error: unknown,
  fields: readonly string[],
): { faults: Record<string, string>; error: string } {
  const faults: Record<string, string> = {}
  const list = error instanceof ApiError ? error.faults : []
  if (list.length === 0) return { faults, error: errorText(error) }
  let rest = ''
  for (const fault of list) {
    const field = String(fault.loc[1] ?? '') // loc is ["body", field]
    if (fields.includes(field)) faults[field] ??= fault.msg
    else rest ||= fault.msg
  }
  return { faults, error: rest }
}

/** `fields` are the names that the server gives to the inputs of the form. */
export function useForm(fields: readonly string[]) {
  const faults = ref<Record<string, string>>({})
  const error = ref('')
  const busy = ref(false)

  function clear(): void {
    faults.value = {}
    error.value = ''
  }

  function show(failure: unknown): void {
    const found = faultsByField(failure, fields)
    faults.value = found.faults
    error.value = found.error
  }

  /** Runs an action, unless one is running, and shows its error. Returns true if the action succeeded. */
  async function submit(action: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false
    busy.value = true
    clear()
    try {
      await action()
      return true
    } catch (failure) {
      show(failure)
      return false
    } finally {
      busy.value = false
    }
  }

  return { faults, error, busy, clear, submit }
}
