// The users who were removed from a room, for those who manage it, and letting them in again.
import { api, call, type Removal, type Room } from '../api/client'
import { usePeople } from '../stores/people'
import { onMembersChange } from './useMembers'
import { usePages } from './usePages'

/** `room` is a getter, so that the list follows the room shown. Begins to load the first page at once. */
export function useRemovals(room: () => Room) {
  const people = usePeople()

  async function fetchPage(cursor: number | null) {
    const query = cursor === null ? {} : { cursor }
    const params = { path: { room_id: room().id }, query }
    const page = await call(api.GET('/api/rooms/{room_id}/removals', { params }))
    for (const { user } of page.items) people.meet(user)
    return page
  }
  const { items: removals, remove, ...pages } = usePages(fetchPage, (one: Removal) => one.user.id)

  /** The user may join again, but is not added. Throws an ApiError. */
  async function lift(user: number): Promise<void> {
    const params = { path: { room_id: room().id, user_id: user } }
    await call(api.DELETE('/api/rooms/{room_id}/removals/{user_id}', { params }))
    remove(user)
  }

  onMembersChange(room, () => void pages.reload())
  void pages.loadMore()
  return { removals, lift, ...pages }
}
