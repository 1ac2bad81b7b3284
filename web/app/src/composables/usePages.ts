// A list that the server returns page by page.
import { ref, shallowRef } from 'vue'
import { useAttempt } from './useAttempt'

export interface Page<T, C> {
  items: T[]
  next: C | null // the cursor of the next page
}

/** `fetchPage` gets the cursor of a page, null for the first. An item that comes again is shown once. */
export function usePages<T, C>(
  fetchPage: (cursor: C | null) => Promise<Page<T, C>>,
  idOf: (item: T) => number,
) {
  const items = shallowRef<T[]>([])
  const hasMore = ref(false)
  const { error, busy: loading, attempt } = useAttempt()
  let cursor: C | null = null

  const add = (page: Page<T, C>, present: readonly T[]): void => {
    const known = new Set(present.map(idOf))
    items.value = [...present, ...page.items.filter((item) => !known.has(idOf(item)))]
    cursor = page.next
    hasMore.value = page.next !== null
  }

  const loadMore = () => attempt(async () => add(await fetchPage(cursor), items.value))

  /** Loads the first page again. */
  const reload = () => attempt(async () => add(await fetchPage(null), []))

  const remove = (id: number): void => {
    items.value = items.value.filter((item) => idOf(item) !== id)
  }

  return { items, hasMore, loading, error, loadMore, reload, remove }
}
