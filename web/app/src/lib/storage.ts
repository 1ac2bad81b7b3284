// localStorage as JSON under one prefix. If it is full or blocked, the only loss is what a reload would have kept.
const PREFIX = 'fastchat.'

/** The value of a key, or `fallback` if there is none or it cannot be read. */
export function load<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(PREFIX + key)
    return text === null ? fallback : (JSON.parse(text) as T)
  } catch {
    return fallback
  }
}

/** Stores a value; null removes the key. */
export function save(key: string, value: unknown): void {
  try {
    if (value === null || value === undefined) localStorage.removeItem(PREFIX + key)
    else localStorage.setItem(PREFIX + key, JSON.stringify(value))
  } catch {
    // Nothing else depends on it.
  }
}

/** All keys that begin with `start`. */
export function keys(start: string): string[] {
  const found: string[] = []
  for (let i = 0; i < localStorage.length; i++) {
    const key = localStorage.key(i)
    if (key?.startsWith(PREFIX + start)) found.push(key.slice(PREFIX.length))
  }
  return found
}

/** Calls `listener` with each key that another tab changes, until the returned function is called. */
export function onChange(listener: (key: string) => void): () => void {
  const onStorage = (event: StorageEvent) => {
    if (event.key?.startsWith(PREFIX)) listener(event.key.slice(PREFIX.length))
  }
  addEventListener('storage', onStorage)
  return () => removeEventListener('storage', onStorage)
}
