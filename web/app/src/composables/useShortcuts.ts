// The keyboard shortcuts of the chat: Ctrl or Cmd + K, Alt with an arrow, and Escape.
import { onScopeDispose } from 'vue'

export type Shortcut = 'palette' | 'next' | 'previous' | 'escape'

type Key = Pick<
  KeyboardEvent,
  'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'isComposing' | 'defaultPrevented'
>

/** The shortcut that a key stands for, or null. Escape may have been used already, or belong to an input method. */
export function shortcutOf(event: Key): Shortcut | null {
  const { key, ctrlKey, metaKey, altKey, isComposing, defaultPrevented } = event
  if ((ctrlKey || metaKey) && key.toLowerCase() === 'k') return 'palette'
  if (altKey && key === 'ArrowDown') return 'next'
  if (altKey && key === 'ArrowUp') return 'previous'
  return key === 'Escape' && !isComposing && !defaultPrevented ? 'escape' : null
}

/** Calls the handler of each shortcut. A handler that returns true keeps the key from the browser. */
export function useShortcuts(handlers: Record<Shortcut, () => boolean>): void {
  const onKeydown = (event: KeyboardEvent) => {
    const shortcut = shortcutOf(event)
    if (shortcut && handlers[shortcut]()) event.preventDefault()
  }
  addEventListener('keydown', onKeydown)
  onScopeDispose(() => removeEventListener('keydown', onKeydown))
}
