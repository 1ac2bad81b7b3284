// Reports when the page wakes: somebody looks at it again, or the network returns. Its timers may have slept, so it may
// show old data.

export interface WakeHandlers {
  /** The page has become visible, or a visible page has got the focus. */
  seen: () => void
  /** The network has returned while the page is visible. */
  online?: () => void
  /** The browser has lost the network. */
  offline?: () => void
}

/** Calls the handlers until the returned function is called. */
export function onWake({ seen, online, offline }: WakeHandlers): () => void {
  const ending = new AbortController()
  const { signal } = ending
  const ifVisible = (handler: () => void) => () => {
    if (document.visibilityState === 'visible') handler()
  }
  addEventListener('focus', ifVisible(seen), { signal })
  document.addEventListener('visibilitychange', ifVisible(seen), { signal })
  if (online) addEventListener('online', ifVisible(online), { signal })
  if (offline) addEventListener('offline', offline, { signal })
  return () => ending.abort()
}
