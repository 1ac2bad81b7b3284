// The page's language, and its texts in that language.
import { ref, watchEffect } from 'vue'
import { load, onChange, save } from '../lib/storage'
import { messages, type MessageKey } from './messages'

export type { MessageKey }
export type Language = 'en' | 'zh-CN'

/** A text that the server sends in both languages. */
export interface Bilingual {
  en: string
  zh: string
}

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

/** The text of a key in the chosen language; `{name}` in it is replaced by values.name. */
export function t(key: MessageKey, values: Record<string, string | number> = {}): string {
  const text = messages[key][language.value === 'en' ? 0 : 1]
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

/** The chosen one of a text's two languages. */
export const localized = (text: Bilingual): string => text[language.value === 'en' ? 'en' : 'zh']
