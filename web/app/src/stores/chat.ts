// The rooms and what was said in them, as far as this page knows.
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, watch } from 'vue'
import { api, ApiError, call, type Entry, type Room } from '../api/client'
import { contiguous, merge } from '../lib/merge'
import { load, save } from '../lib/storage'
import { Polling } from '../live/polling'
import type { Page, Source, Transport } from '../live/transport'
import { useOutbox } from './outbox'
import { useSession } from './session'

/** A room's log: entries in seq order, of which all from the first to `top` are there. */
interface Log {
  entries: Entry[]
  top: number
  complete: boolean // down to seq 1
  loading: boolean
}

const pageSize = 50

export const useChat = defineStore('chat', () => {
  const session = useSession()
  const outbox = useOutbox()
  const rooms = shallowReactive(new Map<number, Room>())
  const logs = shallowReactive(new Map<number, Log>())
  const online = ref(true)
  const ready = ref(false) // the first page has come, so that an empty list is really empty
  const active = ref<number | null>(null)
  const newest = ref<Entry | null>(null) // of others, to be read aloud
  const transport: Transport = new Polling()
  let me = 0
  let saving: ReturnType<typeof setTimeout> | undefined

  const list = computed(() => [...rooms.values()].sort((a, b) => b.last_at.localeCompare(a.last_at) || b.id - a.id))
  const unread = computed(() => list.value.reduce((sum, room) => sum + room.unread, 0))

  function remember(): void {
    clearTimeout(saving)
    saving = setTimeout(() => me && save(`rooms.${me}`, list.value.slice(0, 100)), 500)
  }

  function putRoom(room: Room): void {
    rooms.set(room.id, room)
    remember()
  }

  function change(id: number, what: Partial<Room>): void {
    const room = rooms.get(id)
    if (room) putRoom({ ...room, ...what })
  }

  function removeRoom(id: number): void {
    rooms.delete(id)
    logs.delete(id)
    if (active.value === id) active.value = null
    remember()
  }

  function setLog(id: number, what: Partial<Log>): Log {
    const log = { entries: [], top: 0, complete: false, loading: false, ...logs.get(id), ...what }
    logs.set(id, log)
    return log
  }

  /** What an entry says of its room. */
  function apply(room: Room, entry: Entry): Partial<Room> {
    const what: Partial<Room> = { last_seq: Math.max(room.last_seq, entry.seq), last_at: entry.created_at }
    if (entry.kind === 'message') {
      what.last_message = entry
      if (entry.sender.id !== me && entry.seq > room.read_seq) what.unread = Math.min(99, room.unread + 1)
    } else if (entry.kind === 'rename' && entry.body !== null) what.name = entry.body
    else if (entry.kind === 'open') what.open = entry.body === 'true'
    else if (entry.kind === 'role' && entry.sender.id === me) what.role = entry.body as Room['role']
    return what
  }

  /** Entries of one room, in order. Those that are known already change nothing. */
  function takeEntries(id: number, entries: Entry[]): void {
    for (const entry of entries) {
      const room = rooms.get(id)
      if (!room || entry.seq <= room.last_seq) continue
      change(id, apply(room, entry))
      if (entry.kind === 'message' && entry.sender.id !== me) newest.value = entry
    }
    const log = logs.get(id)
    if (log) {
      const merged = merge(log.entries, entries)
      setLog(id, { entries: merged, top: contiguous(merged, log.top) })
    }
    for (const entry of entries) if (entry.client_id && entry.sender.id === me) outbox.drop(entry.client_id)
  }

  const source: Source = {
    marks() {
      const marks: Record<string, number> = {}
      for (const room of rooms.values()) marks[room.id] = logs.get(room.id)?.top ?? room.last_seq
      return marks
    },
    take(page: Page) {
      for (const room of page.rooms) putRoom(room)
      for (const id of page.left) removeRoom(id)
      const byRoom = new Map<number, Entry[]>()
      for (const entry of page.entries) {
        const some = byRoom.get(entry.room_id)
        if (some) some.push(entry)
        else byRoom.set(entry.room_id, [entry])
      }
      for (const [id, entries] of byRoom) takeEntries(id, entries)
      if (!page.more) ready.value = true
    },
    connected(is) {
      online.value = is
    },
  }

  /** The newest page of a room's log. */
  async function open(id: number): Promise<void> {
    active.value = id
    if (logs.has(id)) return
    setLog(id, { loading: true, top: rooms.get(id)?.last_seq ?? 0 })
    try {
      const path = { params: { path: { room_id: id }, query: { limit: pageSize } } }
      const [room, page] = await Promise.all([
        call(api.GET('/api/rooms/{room_id}', { params: { path: { room_id: id } } })),
        call(api.GET('/api/rooms/{room_id}/messages', path)),
      ])
      if (!rooms.has(id) && room.role !== null) putRoom(room)
      else change(id, { name: room.name, open: room.open, role: room.role, peer: room.peer, read_seq: room.read_seq, unread: room.unread })
      setLog(id, { entries: page.items, top: page.items.at(-1)?.seq ?? 0, complete: page.next === null, loading: false })
      transport.poke()
    } catch (error) {
      logs.delete(id)
      if (error instanceof ApiError && (error.status === 403 || error.status === 404)) removeRoom(id)
      throw error
    }
  }

  /** The page before the oldest entry that is there. */
  async function loadOlder(id: number): Promise<void> {
    const log = logs.get(id)
    const first = log?.entries[0]
    if (!log || !first || log.complete || log.loading) return
    setLog(id, { loading: true })
    try {
      const query = { before: first.seq, limit: pageSize }
      const page = await call(api.GET('/api/rooms/{room_id}/messages', { params: { path: { room_id: id }, query } }))
      const now = logs.get(id)
      if (now) setLog(id, { entries: merge(page.items, now.entries), complete: page.next === null })
    } finally {
      if (logs.has(id)) setLog(id, { loading: false })
    }
  }

  /** All that is there has been seen. */
  async function markRead(id: number): Promise<void> {
    const room = rooms.get(id)
    const seq = logs.get(id)?.top ?? 0
    if (!room || seq <= room.read_seq) return
    change(id, { read_seq: seq, unread: 0 })
    save('read', { id, seq, at: Date.now() })
    const path = { params: { path: { room_id: id } }, body: { seq } }
    await call(api.PUT('/api/rooms/{room_id}/read', path)).catch(() => change(id, { read_seq: room.read_seq }))
  }

  function start(userId: number): void {
    stop()
    me = userId
    for (const room of load<Room[]>(`rooms.${userId}`, [])) rooms.set(room.id, room)
    ready.value = rooms.size > 0
    outbox.start(userId, (entry) => {
      takeEntries(entry.room_id, [entry])
      transport.poke()
    })
    transport.start(source)
  }

  function stop(): void {
    me = 0
    transport.stop()
    outbox.stop()
    rooms.clear()
    logs.clear()
    active.value = null
    ready.value = false
  }

  /** Another tab has read a room. */
  function readElsewhere(): void {
    const read = load<{ id: number; seq: number } | null>('read', null)
    const room = read ? rooms.get(read.id) : undefined
    if (read && room && read.seq > room.read_seq) change(room.id, { read_seq: read.seq, unread: 0 })
  }

  watch(() => session.user?.id ?? 0, (id) => (id ? start(id) : stop()), { immediate: true })

  return { rooms, logs, list, unread, online, ready, active, newest, open, loadOlder, markRead, putRoom, removeRoom, readElsewhere, poke: () => transport.poke() }
})
