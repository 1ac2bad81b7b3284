// The invitations that the user has refused for good, and taking that back.
import { api, call, type Invitation } from '../api/client'
import { usePeople } from '../stores/people'
import { usePages } from './usePages'

/** Begins to load the first page at once. */
export function useRefusals() {
  const people = usePeople()

  async function fetchPage(cursor: number | null) {
    const query = cursor === null ? {} : { cursor }
    const page = await call(api.GET('/api/refusals', { params: { query } }))
    for (const { inviter } of page.items) people.meet(inviter)
    return page
  }
  const {
    items: refusals,
    remove,
    ...pages
  } = usePages(fetchPage, (one: Invitation) => one.room_id)

  /** Throws an ApiError. */
  async function takeBack(room: number): Promise<void> {
    await call(api.DELETE('/api/refusals/{room_id}', { params: { path: { room_id: room } } }))
    remove(room)
  }

  void pages.loadMore()
  return { refusals, takeBack, ...pages }
}
