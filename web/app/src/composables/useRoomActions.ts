// Actions on rooms: create, join, leave, change, and add people. Every function throws an ApiError.
import { api, call, type Room, type RoomChange, type RoomNew } from '../api/client'
import { useChat } from '../stores/chat'
import { useSession } from '../stores/session'

export function useRoomActions() {
  const chat = useChat()
  const session = useSession()
  const memberOf = (room: number, user: number) => ({
    params: { path: { room_id: room, user_id: user } },
  })
  const me = () => session.user?.id ?? 0

  async function create(body: RoomNew): Promise<Room> {
    const room = await call(api.POST('/api/rooms', { body }))
    chat.putRoom(room)
    return room
  }

  /** The direct room with another user; it is created if there is none. */
  async function openDirect(user: number): Promise<Room> {
    const params = { path: { user_id: user } }
    const room = await call(api.PUT('/api/dms/{user_id}', { params }))
    chat.putRoom(room)
    return room
  }

  async function join(id: number): Promise<void> {
    const path = '/api/rooms/{room_id}/members/{user_id}'
    await call(api.PUT(path, { ...memberOf(id, me()), body: {} }))
    const params = { path: { room_id: id } }
    chat.putRoom(await call(api.GET('/api/rooms/{room_id}', { params })))
  }

  async function leave(id: number): Promise<void> {
    await call(api.DELETE('/api/rooms/{room_id}/members/{user_id}', memberOf(id, me())))
    chat.removeRoom(id)
  }

  async function change(id: number, body: RoomChange): Promise<void> {
    const params = { path: { room_id: id } }
    chat.putRoom(await call(api.PATCH('/api/rooms/{room_id}', { params, body })))
    chat.refresh()
  }

  /** Returns false if the user is invited, and has to accept. */
  async function addMember(id: number, user: number): Promise<boolean> {
    const path = '/api/rooms/{room_id}/members/{user_id}'
    const added = await call(api.PUT(path, { ...memberOf(id, user), body: {} }))
    chat.refresh()
    return !('invited' in added)
  }

  return { create, openDirect, join, leave, change, addMember }
}
