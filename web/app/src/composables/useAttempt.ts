// Actions of a dialog or a view: whether one is running, and the error of the last.
import { ref } from 'vue'
import { errorText } from '../lib/texts'

export function useAttempt() {
  const error = ref('')
  const busy = ref(false)

  /** Runs an action and keeps its error as a text. Returns true if the action succeeded. */
  async function attempt(action: () => Promise<unknown>): Promise<boolean> {
    error.value = ''
    busy.value = true
    try {
      await action()
      return true
    } catch (failure) {
      error.value = errorText(failure)
      return false
    } finally {
      busy.value = false
    }
  }

  return { error, busy, attempt }
}
