// What a browser keeps, as JSON under one prefix. Storage that is full or closed only costs the memory of a reload.
const prefix = 'fastchat.'

export function load<T>(key: string, fallback: T): T {
  try {
    const text = localStorage.getItem(prefix + key)
    return text === null ? fallback : (JSON.parse(text) as T)
  } catch {
    return fallback
  }
}

export function save(key: string, value: unknown): void {
  try {
    if (value === null || value === undefined) localStorage.removeItem(prefix + key)
    else localStorage.setItem(prefix + key, JSON.stringify(value))
  } catch {
    // Nothing else depends on it.
  }
}

export function keys(start: string): string[] {
  const found: string[] = []
  for (let i = 0; i < localStorage.length; i++) {
    const key = localStorage.key(i)
    if (key?.startsWith(prefix + start)) found.push(key.slice(prefix.length))
  }
  return found
}

/** Called when another tab of this browser has changed a key. Ends with what it returns. */
export function onChange(listen: (key: string) => void): () => void {
  const hear = (event: StorageEvent) => {
    if (event.key?.startsWith(prefix)) listen(event.key.slice(prefix.length))
  }
  addEventListener('storage', hear)
  return () => removeEventListener('storage', hear)
}
