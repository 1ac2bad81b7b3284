// The look, and which dialog stands open.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { load, onChange, save } from '../lib/storage'

export type Dialog = 'new-room' | 'browse' | 'new-dm' | 'account' | 'palette' | 'add-people'
type Theme = 'light' | 'dark' | null // null: as the system

/** Asked before something that cannot be taken back. */
export interface Question {
  text: string
  yes: string
  run: () => void
}

export const useUi = defineStore('ui', () => {
  const theme = ref<Theme>(load<Theme>('theme', null))
  const system = matchMedia('(prefers-color-scheme: dark)')
  const dark = ref(false)
  const dialog = ref<Dialog | null>(null)
  const question = ref<Question | null>(null)
  const error = ref('')
  let hiding: ReturnType<typeof setTimeout> | undefined

  function show(): void {
    dark.value = theme.value === null ? system.matches : theme.value === 'dark'
    document.documentElement.classList.toggle('dark', dark.value)
  }

  function switchTheme(): void {
    const next = dark.value ? 'light' : 'dark'
    theme.value = (next === 'dark') === system.matches ? null : next // back to following the system where that is the same
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
  onChange((key) => {
    if (key !== 'theme') return
    theme.value = load<Theme>('theme', null)
    show()
  })
  show()
  return { dark, dialog, question, error, switchTheme, tell }
})
