// The rooms that the user is invited to, and the answers to these invitations.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api, call, type Invitation, type Room } from '../api/client'
import { usePeople } from './people'

const LIMIT = 100 // the server lets no more wait for one user

export const useInvitations = defineStore('invitations', () => {
  const people = usePeople()
  const waiting = ref<Invitation[]>([])

  const remove = (room: number): void => {
    waiting.value = waiting.value.filter((one) => one.room_id !== room)
  }

  /** Throws an ApiError. */
  async function load(): Promise<void> {
    const query = { limit: LIMIT }
    waiting.value = (await call(api.GET('/api/invitations', { params: { query } }))).items
    for (const { inviter } of waiting.value) people.meet(inviter)
  }

  /** Loads the invitations again after the server has reported a change; the next report or visit repairs a failure. */
  const refresh = (): void => void load().catch(() => undefined)

  /** Returns the room, which the user is in now. Throws an ApiError. */
  async function accept(room: number): Promise<Room> {
    const params = { path: { room_id: room } }
    const joined = await call(api.POST('/api/invitations/{room_id}/accept', { params }))
    remove(room)
    return joined
  }

  /** With `forever` nobody can invite the user to this room again, nor the inviter to any. Throws an ApiError. */
  async function refuse(room: number, forever: boolean): Promise<void> {
    const params = { path: { room_id: room }, query: { forever } }
    await call(api.DELETE('/api/invitations/{room_id}', { params }))
    remove(room)
  }

  /** Forgets the invitations of a user who was signed in before. */
  function clear(): void {
    waiting.value = []
  }

  return { waiting, load, refresh, accept, refuse, clear }
})
