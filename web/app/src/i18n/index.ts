import { ref, watchEffect } from 'vue'
import { load, onChange, save } from '../lib/storage'
import { messages, type MessageKey } from './messages'

export type Language = 'en' | 'zh-CN'

const fromBrowser: Language = navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
const chosen = (): Language => (load('language', fromBrowser) === 'en' ? 'en' : 'zh-CN')

export const language = ref<Language>(chosen())

watchEffect(() => {
  document.documentElement.lang = language.value
})

onChange((key) => {
  if (key === 'language') language.value = chosen()
})

export function switchLanguage(): void {
  language.value = language.value === 'en' ? 'zh-CN' : 'en'
  save('language', language.value)
}

/** A text of the catalogue in the chosen language. */
export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  const text = messages[key][language.value === 'en' ? 0 : 1]
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
