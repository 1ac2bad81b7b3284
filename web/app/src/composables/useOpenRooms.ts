// The open rooms that a user may join, loaded page by page.
import { api, call, type Room } from '../api/client'
import { usePages } from './usePages'

/** Begins to load the first page at once. A room that moves up meanwhile comes again. */
export function useOpenRooms() {
  const fetchPage = (cursor: string | null) => {
    const query = cursor === null ? { open: true } : { open: true, cursor }
    return call(api.GET('/api/rooms', { params: { query } }))
  }
  const { items: rooms, ...pages } = usePages(fetchPage, (room: Room) => room.id)

  void pages.loadMore()
  return { rooms, ...pages }
}
