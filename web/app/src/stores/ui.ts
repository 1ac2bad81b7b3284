// The look of the page, the dialog that is open, and the error or notice that is shown.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { load, onChange, save } from '../lib/storage'
import { errorText } from '../lib/texts'

const TOAST_SHOWN_MS = 6_000

export type Dialog = 'new-room' | 'browse' | 'new-dm' | 'account' | 'palette' | 'add-people'
type Theme = 'light' | 'dark'

/** A confirmation to ask for before an action that cannot be undone. */
export interface Question {
  text: string
  yes: string
  run: () => void
}

/** The theme to store when the look is switched to `wanted`: null, which follows the system, if that gives the same. */
export const themeToStore = (wanted: Theme, systemIsDark: boolean): Theme | null =>
  (wanted === 'dark') === systemIsDark ? null : wanted

export const useUi = defineStore('ui', () => {
  const theme = ref(load<Theme | null>('theme', null))
  const system = matchMedia('(prefers-color-scheme: dark)')
  const dark = ref(false)
  const dialog = ref<Dialog | null>(null)
  const question = ref<Question | null>(null)
  const error = ref('')
  const notice = ref('')
  let hideTimer: ReturnType<typeof setTimeout> | undefined

  function applyTheme(): void {
    dark.value = theme.value === null ? system.matches : theme.value === 'dark'
    document.documentElement.classList.toggle('dark', dark.value)
  }

  function switchTheme(): void {
    theme.value = themeToStore(dark.value ? 'light' : 'dark', system.matches)
    save('theme', theme.value)
    applyTheme()
  }

  /** Shows one of the two, for 6 seconds. */
  function showToast(failure: string, success: string): void {
    error.value = failure
    notice.value = success
    clearTimeout(hideTimer)
    hideTimer = setTimeout(() => (error.value = notice.value = ''), TOAST_SHOWN_MS)
  }

  /** Shows what went wrong. */
  const showError = (text: string): void => showToast(text, '')

  /** Shows what was done, if it is not what the user may expect. */
  const showNotice = (text: string): void => showToast('', text)

  /** Runs an action and shows its error, if any. Returns false if it failed. */
  async function attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action()
      return true
    } catch (failure) {
      showError(errorText(failure))
      return false
    }
  }

  system.addEventListener('change', applyTheme)
  onChange((key) => {
    if (key !== 'theme') return
    theme.value = load<Theme | null>('theme', null)
    applyTheme()
  })
  applyTheme()
  return { dark, dialog, question, error, notice, switchTheme, showError, showNotice, attempt }
})
