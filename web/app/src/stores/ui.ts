// The look, and which dialog stands open.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { load, save } from '../lib/storage'

export type Dialog = 'new-room' | 'browse' | 'new-dm' | 'account' | 'palette' | 'add-people'

export const useUi = defineStore('ui', () => {
  const theme = ref<'light' | 'dark' | null>(load<'light' | 'dark' | null>('theme', null)) // null: as the system
  const system = matchMedia('(prefers-color-scheme: dark)')
  const dark = ref(false)
  const dialog = ref<Dialog | null>(null)
  const details = ref(false)
  const error = ref('')
  let hiding: ReturnType<typeof setTimeout> | undefined

  function show(): void {
    dark.value = theme.value === null ? system.matches : theme.value === 'dark'
    document.documentElement.classList.toggle('dark', dark.value)
  }

  function switchTheme(): void {
    theme.value = dark.value ? 'light' : 'dark'
    save('theme', theme.value)
    show()
  }

  /** A line that tells what did not succeed, for a while. */
  function tell(words: string): void {
    error.value = words
    clearTimeout(hiding)
    hiding = setTimeout(() => (error.value = ''), 6000)
  }

  system.addEventListener('change', show)
  show()
  return { dark, dialog, details, error, switchTheme, tell }
})
