// The open rooms that a user may join, loaded page by page.
import { ref } from 'vue'
import { api, call, type Room } from '../api/client'
import { useAttempt } from './useAttempt'

/** Begins to load the first page at once. */
export function useOpenRooms() {
  const rooms = ref<Room[]>([])
  const cursor = ref<string | null>(null) // of the next page; null: there is none
  const { error, busy: loading, attempt } = useAttempt()

  const loadMore = () =>
    attempt(async () => {
      const query = cursor.value ? { open: true, cursor: cursor.value } : { open: true }
      const page = await call(api.GET('/api/rooms', { params: { query } }))
      const known = new Set(rooms.value.map((room) => room.id))
      rooms.value.push(...page.items.filter((room) => !known.has(room.id))) // a room that moved comes again
      cursor.value = page.next
    })

  void loadMore()
  return { rooms, hasMore: cursor, loading, error, loadMore }
}
