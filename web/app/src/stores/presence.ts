// Live state outside the logs: who is typing, who is online, and how far others have read.
import { defineStore } from 'pinia'
import { reactive, shallowReactive } from 'vue'
import { api, call } from '../api/client'
import type { Person } from '../lib/people'
import type { EphemeralEvent } from '../live/events'
import { useInvitations } from './invitations'
import { usePeople } from './people'
import { useTasks } from './tasks'

const TYPING_SHOWN_MS = 6_000 // after the last `typing` event
const TYPING_SEND_MS = 3_000 // the server asks for no more than one call in this time
const MEMBERS_MAX = 100 // whose read marks are shown: one page

interface Typist extends Person {
  timer: ReturnType<typeof setTimeout>
}

/** How many users other than `me` have read up to `seq`. */
export function countReaders(marks: ReadonlyMap<number, number>, seq: number, me: number): number {
  return [...marks].filter(([user, read]) => user !== me && read >= seq).length
}

export const usePresence = defineStore('presence', () => {
  const typists = reactive(new Map<number, Typist[]>()) // by room
  const online = shallowReactive(new Map<number, boolean>()) // by user, since the page was opened
  const reads = reactive(new Map<number, Map<number, number>>()) // by room and user: the seq
  const lastTypingSentAt = new Map<number, number>() // by room
  const tasks = useTasks()
  const invitations = useInvitations()
  const people = usePeople()

  function setRead(room: number, user: number, seq: number): void {
    const marks = reads.get(room) ?? new Map<number, number>()
    if (seq > (marks.get(user) ?? -1)) marks.set(user, seq)
    reads.set(room, marks)
  }

  function addTypist(room: number, user: Person): void {
    removeTypist(room, user.id)
    people.meet(user)
    const timer = setTimeout(() => removeTypist(room, user.id), TYPING_SHOWN_MS)
    typists.set(room, [...(typists.get(room) ?? []), { ...user, timer }])
  }

  function removeTypist(room: number, user: number): void {
    const others: Typist[] = []
    for (const typist of typists.get(room) ?? []) {
      if (typist.id === user) clearTimeout(typist.timer)
      else others.push(typist)
    }
    if (others.length > 0) typists.set(room, others)
    else typists.delete(room)
  }

  function apply(event: EphemeralEvent): void {
    switch (event.name) {
      case 'presence':
        online.set(event.data.user_id, event.data.online)
        break
      case 'task':
        tasks.refresh(event.data.id)
        break
      case 'invitation':
        invitations.refresh()
        break
      case 'read':
        setRead(event.data.room_id, event.data.user_id, event.data.read_seq)
        break
      case 'typing':
        addTypist(event.data.room_id, event.data.user)
        break
    }
  }

  /** Announces to the room that the user is typing, at most every 3 seconds. */
  function announceTyping(room: number): void {
    const now = Date.now()
    if (now - (lastTypingSentAt.get(room) ?? 0) < TYPING_SEND_MS) return
    lastTypingSentAt.set(room, now)
    const path = { room_id: room }
    void call(api.POST('/api/rooms/{room_id}/typing', { params: { path } })).catch(() => undefined)
  }

  /** After sending, the next keystroke announces typing immediately. */
  function resetTyping(room: number): void {
    lastTypingSentAt.delete(room)
  }

  /** Loads how far the members of a room have read, and who of them is online. Throws an ApiError. */
  async function loadMembers(room: number): Promise<void> {
    const params = { path: { room_id: room }, query: { limit: MEMBERS_MAX } }
    const page = await call(api.GET('/api/rooms/{room_id}/members', { params }))
    for (const member of page.items) {
      people.meet(member.user)
      setRead(room, member.user.id, member.read_seq)
      online.set(member.user.id, member.user.online)
    }
  }

  const readers = (room: number, seq: number, me: number): number =>
    countReaders(reads.get(room) ?? new Map(), seq, me)

  function clear(): void {
    for (const some of typists.values()) for (const typist of some) clearTimeout(typist.timer)
    typists.clear()
    online.clear()
    reads.clear()
    lastTypingSentAt.clear()
  }

  return {
    typists,
    online,
    apply,
    announceTyping,
    resetTyping,
    removeTypist,
    loadMembers,
    readers,
    clear,
  }
})
