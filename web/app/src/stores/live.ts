// What passes: who types, who is online, how far others have read.
import { defineStore } from 'pinia'
import { reactive, shallowReactive } from 'vue'
import { api, call } from '../api/client'
import type { Signal } from '../live/transport'
import { useTasks } from './tasks'

const typingLasts = 6000
const tellEach = 3000

interface Typist {
  id: number
  nickname: string
  timer: ReturnType<typeof setTimeout>
}

export const useLive = defineStore('live', () => {
  const typists = reactive(new Map<number, Typist[]>())
  const online = shallowReactive(new Map<number, boolean>()) // as told since this page was opened
  const reads = reactive(new Map<number, Map<number, number>>())
  const toldAt = new Map<number, number>()
  const tasks = useTasks()

  function setRead(room: number, user: number, seq: number): void {
    const marks = reads.get(room) ?? new Map<number, number>()
    if (seq > (marks.get(user) ?? -1)) marks.set(user, seq)
    reads.set(room, marks)
  }

  function stopped(room: number, user: number): void {
    const left = (typists.get(room) ?? []).filter(
      (one) => one.id !== user || (clearTimeout(one.timer), false),
    )
    if (left.length > 0) typists.set(room, left)
    else typists.delete(room)
  }

  function take(signal: Signal): void {
    if (signal.name === 'presence') online.set(signal.data.user_id, signal.data.online)
    else if (signal.name === 'task') tasks.told(signal.data.id)
    else if (signal.name === 'read')
      setRead(signal.data.room_id, signal.data.user_id, signal.data.read_seq)
    else {
      const { room_id: room, user } = signal.data
      stopped(room, user.id)
      const timer = setTimeout(() => stopped(room, user.id), typingLasts)
      typists.set(room, [...(typists.get(room) ?? []), { ...user, timer }])
    }
  }

  /** The user writes something in a room. */
  function typing(room: number): void {
    const now = Date.now()
    if (now - (toldAt.get(room) ?? 0) < tellEach) return
    toldAt.set(room, now)
    void call(
      api.POST('/api/rooms/{room_id}/typing', { params: { path: { room_id: room } } }),
    ).catch(() => undefined)
  }

  /** A message was sent: the next letter is told at once. */
  function sent(room: number): void {
    toldAt.delete(room)
  }

  /** How far the others of a room have read, and who of them is online. */
  async function look(room: number): Promise<void> {
    const query = { limit: 100 }
    const page = await call(
      api.GET('/api/rooms/{room_id}/members', { params: { path: { room_id: room }, query } }),
    )
    for (const member of page.items) {
      setRead(room, member.user.id, member.read_seq)
      online.set(member.user.id, member.user.online)
    }
  }

  /** How many others have read up to there. */
  const readers = (room: number, seq: number, me: number): number =>
    [...(reads.get(room) ?? [])].filter(([id, read]) => id !== me && read >= seq).length

  function clear(): void {
    for (const some of typists.values()) for (const one of some) clearTimeout(one.timer)
    typists.clear()
    online.clear()
    reads.clear()
    toldAt.clear()
  }

  return { typists, online, take, typing, sent, look, readers, stopped, clear }
})
