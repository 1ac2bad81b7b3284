// Checks whether somebody is looking at the page: it is visible and has the focus.
import { onScopeDispose } from 'vue'

const isWatched = () => document.visibilityState === 'visible' && document.hasFocus()

/** Returns a function that checks whether the page is watched now. `onChange` is called when that may have changed. */
export function usePageFocus(onChange: () => void): () => boolean {
  const ending = new AbortController()
  const { signal } = ending
  addEventListener('focus', onChange, { signal })
  addEventListener('blur', onChange, { signal })
  document.addEventListener('visibilitychange', onChange, { signal })
  onScopeDispose(() => ending.abort())
  return isWatched
}
