// The rooms and their logs, as far as this page knows them, kept up to date by a transport.
import { defineStore } from 'pinia'
import { onScopeDispose, ref, watch } from 'vue'
import { api, ApiError, call, type Entry, type Room } from '../api/client'
import { merge } from '../lib/merge'
import { applied } from '../lib/rooms'
import { load, onChange, save } from '../lib/storage'
import type { EventData } from '../live/events'
import { Stream } from '../live/stream'
import type { Source, Transport } from '../live/transport'
import { onWake } from '../live/wake'
import { useOutbox } from './outbox'
import { usePeople } from './people'
import { usePresence } from './presence'
import { useRoomState } from './rooms'
import { useSession } from './session'

const PAGE_SIZE = 50 // entries
const PAGE_SIZE_MAX = 100 // the server's maximum
const READ_SHOWN = 20 // read entries above the first unread one
const GAP_MAX = 500 // entries; a hidden log that misses more is dropped, and loaded again when it is opened
const SUMMARIES_MAX_AGE_MS = 120_000 // then all rooms are loaded again, since other devices and renames change them
const SUMMARIES_MAX_AGE_SEEN_MS = 10_000 // the same, when somebody looks at the page again

/** The size of a room's first page: everything unread if possible, and a little before it. */
export const firstPageSize = (unread: number): number =>
  Math.max(PAGE_SIZE, Math.min(PAGE_SIZE_MAX, unread + READ_SHOWN))

export const useChat = defineStore('chat', () => {
  const session = useSession()
  const outbox = useOutbox()
  const presence = usePresence()
  const people = usePeople()
  const state = useRoomState()
  const { rooms, logs, active, setRoom, putRoom, removeRoom, setLog } = state
  const online = ref(true)
  const newest = ref<Entry | null>(null) // the newest message of somebody else, for screen readers
  const restored = ref<Room | null>(null) // the shown room, after it went back to an older state from a backup
  const lost = ref<Room | null>(null) // the room that was shown when this user was removed from it
  const transport: Transport = new Stream()
  let me = 0
  let stopWake = () => {}

  /** Applies entries of one room, in seq order. Known entries change nothing. */
  function applyEntries(id: number, entries: Entry[]): void {
    people.meetSenders(entries)
    for (const entry of entries) {
      const room = rooms.get(id)
      if (!room || entry.seq <= room.last_seq) continue
      presence.removeTypist(id, entry.sender.id)
      setRoom(applied(room, entry, me))
      if (entry.kind === 'message' && entry.sender.id !== me) newest.value = entry
    }
    state.mergeIntoLog(id, entries)
    for (const entry of entries)
      if (entry.client_id && entry.sender.id === me) outbox.remove(entry.client_id)
  }

  /** Shows a message of mine that has arrived. A sync brings the entries before it: the server may be restored. */
  function applyOwn(entry: Entry): void {
    state.showInLog(entry)
    transport.refresh()
  }

  /** Marks the other person of a direct room as online or offline. */
  function setPeerOnline({ user_id, online }: EventData['presence']): void {
    for (const room of rooms.values()) {
      if (room.peer?.id !== user_id || room.peer.online === online) continue
      setRoom({ ...room, peer: { ...room.peer, online } })
    }
  }

  /** Moves my read mark after another device of mine did. */
  async function applyOwnRead({ room_id, read_seq }: EventData['read']): Promise<void> {
    const room = rooms.get(room_id)
    if (!room || read_seq <= room.read_seq) return
    if (read_seq >= room.last_seq) setRoom({ ...room, read_seq, unread: 0 })
    else putRoom(await fetchRoom(room_id)) // only the server can count what is left
  }

  const fetchRoom = (id: number): Promise<Room> =>
    call(api.GET('/api/rooms/{room_id}', { params: { path: { room_id: id } } }))

  /** Begins a room again whose log went back to an older state, and loads it if it is shown. */
  function restart(room: Room): void {
    state.restartRoom(room)
    if (active.value !== room.id) return
    restored.value = room
    void open(room.id).catch(() => undefined)
  }

  const source: Source = {
    marks: state.marks,
    beginSync() {
      if (state.summariesOlderThan(SUMMARIES_MAX_AGE_MS)) state.expireSummaries()
      state.beginSync()
    },
    applyPage(page, complete) {
      const restarted = new Set(page.restarted)
      for (const room of page.rooms) {
        if (restarted.has(room.id)) {
          restart(room)
          continue
        }
        const log = logs.get(room.id)
        if (log && room.id !== active.value && room.last_seq - log.top > GAP_MAX)
          logs.delete(room.id)
        putRoom(room)
      }
      for (const id of page.left) {
        if (active.value === id) lost.value = rooms.get(id) ?? null
        removeRoom(id)
      }
      for (const [id, entries] of byRoom(page.entries)) applyEntries(id, entries)
      if (complete) state.completeSummaries()
      outbox.sendAbandoned()
    },
    applyEntry(entry) {
      if (!rooms.has(entry.room_id) || !state.isCurrent(entry.room_id)) return false
      const mark = state.markOf(entry.room_id)
      if (entry.seq > mark + 1) return false
      if (entry.seq === mark + 1) applyEntries(entry.room_id, [entry])
      return true
    },
    applyEphemeral(event) {
      presence.apply(event)
      if (event.name === 'presence') setPeerOnline(event.data)
      if (event.name === 'read' && event.data.user_id === me)
        void applyOwnRead(event.data).catch(() => undefined)
    },
    setConnected(connected) {
      if (connected && !online.value) outbox.retryNow()
      online.value = connected
    },
  }

  /**
   * Shows a room and loads the newest page of its log. Returns null, or the room if the user is not in it but may join.
   * Throws an ApiError.
   */
  async function open(id: number): Promise<Room | null> {
    active.value = id
    if (logs.has(id)) return null
    setLog(id, { loading: true, top: rooms.get(id)?.last_seq ?? 0 })
    try {
      const [page, room] = await Promise.all([fetchFirstPage(id), fetchRoom(id)])
      if (room.role === null || page === null) {
        removeRoom(id)
        return room
      }
      putRoom(room)
      people.meetSenders(page.items)
      setLog(id, {
        entries: page.items,
        top: page.items.at(-1)?.seq ?? 0,
        complete: page.next === null,
        loading: false,
      })
    } catch (error) {
      logs.delete(id)
      if (error instanceof ApiError && (error.status === 403 || error.status === 404))
        removeRoom(id)
      throw error
    }
    transport.refresh()
    void presence.loadMembers(id).catch(() => undefined)
    return null
  }

  /** The newest entries of a room; null if the user is not in it. */
  async function fetchFirstPage(id: number) {
    const query = { limit: firstPageSize(rooms.get(id)?.unread ?? 0) }
    const params = { path: { room_id: id }, query }
    try {
      return await call(api.GET('/api/rooms/{room_id}/messages', { params }))
    } catch (error) {
      if (error instanceof ApiError && error.code === 'not_a_member') return null
      throw error
    }
  }

  /** Loads the page before the oldest entry of a log. Throws an ApiError. */
  async function loadOlder(id: number): Promise<void> {
    const log = logs.get(id)
    const first = log?.entries[0]
    if (!log || !first || log.complete || log.loading) return
    setLog(id, { loading: true })
    try {
      const params = { path: { room_id: id }, query: { before: first.seq, limit: PAGE_SIZE } }
      const page = await call(api.GET('/api/rooms/{room_id}/messages', { params }))
      people.meetSenders(page.items)
      const now = logs.get(id)
      if (now) setLog(id, { entries: merge(page.items, now.entries), complete: page.next === null })
    } finally {
      if (logs.has(id)) setLog(id, { loading: false })
    }
  }

  /** Moves my read mark to the end of a log. If the call fails, the mark goes back, for a later try. */
  async function markRead(id: number): Promise<void> {
    const room = rooms.get(id)
    const seq = logs.get(id)?.top ?? 0
    if (!room || seq <= room.read_seq) return
    setRoom({ ...room, read_seq: seq, unread: 0 })
    save('read', { id, seq, at: Date.now() })
    const params = { path: { room_id: id } }
    await call(api.PUT('/api/rooms/{room_id}/read', { params, body: { seq } })).catch(() => {
      const now = rooms.get(id)
      if (now?.read_seq === seq) setRoom({ ...now, read_seq: room.read_seq })
    })
  }

  function start(userId: number): void {
    stop()
    me = userId
    if (session.user) people.meet(session.user)
    state.restore(userId)
    outbox.start(userId, applyOwn)
    // Registered before the transport's own listeners, whose sync then loads the summaries again.
    stopWake = onWake({
      seen: () => {
        if (state.summariesOlderThan(SUMMARIES_MAX_AGE_SEEN_MS)) state.expireSummaries()
      },
    })
    transport.start(source)
  }

  function stop(): void {
    me = 0
    stopWake()
    transport.stop()
    outbox.stop()
    presence.clear()
    people.clear()
    state.clear()
    newest.value = null
    online.value = true
  }

  // Another tab has sent a message or read a room.
  onChange((key) => {
    if (!me) return
    if (key.startsWith(`outbox.${me}.`)) transport.refresh()
    if (key !== 'read') return
    const read = load<{ id: number; seq: number } | null>('read', null)
    const room = read ? rooms.get(read.id) : undefined
    if (read && room && read.seq > room.read_seq)
      setRoom({ ...room, read_seq: read.seq, unread: 0 })
  })

  watch(
    () => session.user?.id ?? 0,
    (id) => (id ? start(id) : stop()),
    { immediate: true },
  )
  onScopeDispose(stop)

  return {
    rooms,
    logs,
    list: state.list,
    unread: state.unread,
    online,
    ready: state.ready,
    active,
    newest,
    lost,
    restored,
    open,
    loadOlder,
    markRead,
    putRoom,
    removeRoom,
    refresh: () => transport.refresh(),
  }
})

/** The entries of each room, in the order in which they came. */
function byRoom(entries: readonly Entry[]): Map<number, Entry[]> {
  const rooms = new Map<number, Entry[]>()
  for (const entry of entries) {
    const known = rooms.get(entry.room_id)
    if (known) known.push(entry)
    else rooms.set(entry.room_id, [entry])
  }
  return rooms
}
