import { ref, watchEffect } from 'vue'
import { load, save } from '../lib/storage'
import { messages, type MessageKey } from './messages'

export type Language = 'en' | 'zh-CN'

const fromBrowser: Language = navigator.language.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'

export const language = ref<Language>(load('language', fromBrowser) === 'en' ? 'en' : 'zh-CN')

watchEffect(() => {
  document.documentElement.lang = language.value
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
