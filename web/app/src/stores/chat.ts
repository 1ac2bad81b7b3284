// The rooms and what was said in them, as far as this page knows.
import { defineStore } from 'pinia'
import { computed, ref, shallowReactive, watch } from 'vue'
import { api, ApiError, call, type Entry, type Room } from '../api/client'
import { contiguous, merge } from '../lib/merge'
import { applied, byActivity, refreshed } from '../lib/rooms'
import { load, onChange, save } from '../lib/storage'
import { Stream } from '../live/stream'
import type { Page, Signal, Source, Transport } from '../live/transport'
import { useLive } from './live'
import { useOutbox } from './outbox'
import { useSession } from './session'

/** A room's log: entries in seq order, of which all from the first to `top` are there. */
export interface Log {
  entries: Entry[]
  top: number
  complete: boolean // down to seq 1
  loading: boolean
}

/** The first page has not come yet. */
export const opening = (log: Log): boolean => log.loading && log.entries.length === 0

const pageSize = 50
const pageMost = 100 // that the server gives at once
const tooFar = 500 // entries behind which a log is read anew when it is opened, in place of all that lie between
const tellAgain = 120000 // milliseconds after which the rooms are asked for as a whole: marks of other devices, names
const tellAgainSeen = 10000 // the same, once the page is looked at again

export const useChat = defineStore('chat', () => {
  const session = useSession()
  const outbox = useOutbox()
  const live = useLive()
  const rooms = shallowReactive(new Map<number, Room>())
  const logs = shallowReactive(new Map<number, Log>())
  const online = ref(true)
  const ready = ref(false) // the rooms are known, so that an empty list is really empty
  const active = ref<number | null>(null)
  const newest = ref<Entry | null>(null) // of others, to be read aloud
  const lost = ref<Room | null>(null) // that this user was taken out of
  const transport: Transport = new Stream()
  const told = new Set<number>() // rooms whose summary this page has from the server; those of the cache may be old
  let toldAt = 0
  let me = 0
  let saving: ReturnType<typeof setTimeout> | undefined

  const list = computed(() => [...rooms.values()].sort(byActivity))
  const unread = computed(() => list.value.reduce((sum, room) => sum + room.unread, 0))

  function remember(): void {
    clearTimeout(saving)
    saving = setTimeout(() => me && save(`rooms.${me}`, list.value.slice(0, 100)), 500)
  }

  function setRoom(room: Room): void {
    if (rooms.get(room.id) === room) return
    rooms.set(room.id, room)
    remember()
  }

  /** A room as the server tells of it. */
  function putRoom(room: Room): void {
    told.add(room.id)
    setRoom(refreshed(rooms.get(room.id), room))
  }

  function removeRoom(id: number): void {
    told.delete(id)
    rooms.delete(id)
    logs.delete(id)
    if (active.value === id) active.value = null
    remember()
  }

  function setLog(id: number, what: Partial<Log>): void {
    logs.set(id, { entries: [], top: 0, complete: false, loading: false, ...logs.get(id), ...what })
  }

  function putEntries(id: number, entries: Entry[]): void {
    const log = logs.get(id)
    if (!log || opening(log)) return // its first page comes, and sync brings what is after that
    const merged = merge(log.entries, entries)
    setLog(id, { entries: merged, top: contiguous(merged, log.top) })
  }

  /** Entries of one room, in order. Those that are known already change nothing. */
  function takeEntries(id: number, entries: Entry[]): void {
    for (const entry of entries) {
      const room = rooms.get(id)
      if (!room || entry.seq <= room.last_seq) continue
      live.stopped(id, entry.sender.id)
      setRoom(applied(room, entry, me))
      if (entry.kind === 'message' && entry.sender.id !== me) newest.value = entry
    }
    putEntries(id, entries)
    for (const entry of entries)
      if (entry.client_id && entry.sender.id === me) outbox.drop(entry.client_id)
  }

  /** A message of mine has arrived, perhaps after others that this page has not: then only the log shows it, and sync brings the rest. */
  function takeOwn(entry: Entry): void {
    const room = rooms.get(entry.room_id)
    if (room && entry.seq === room.last_seq + 1) takeEntries(entry.room_id, [entry])
    else putEntries(entry.room_id, [entry])
    transport.poke()
  }

  function forgetOldSummaries(): void {
    told.clear()
    toldAt = 0
    if (active.value !== null && rooms.has(active.value)) told.add(active.value)
  }

  /** The other one of a direct room comes or goes. */
  function meet(user: number, online: boolean): void {
    for (const room of rooms.values())
      if (room.peer?.id === user && room.peer.online !== online)
        setRoom({ ...room, peer: { ...room.peer, online } })
  }

  /** Another device of mine has read on. */
  async function readElsewhere({ data }: Signal & { name: 'read' }): Promise<void> {
    const room = rooms.get(data.room_id)
    if (!room || data.read_seq <= room.read_seq) return
    if (data.read_seq >= room.last_seq) setRoom({ ...room, read_seq: data.read_seq, unread: 0 })
    else
      putRoom(
        await call(api.GET('/api/rooms/{room_id}', { params: { path: { room_id: room.id } } })),
      )
  }

  const source: Source = {
    marks() {
      if (toldAt > 0 && Date.now() - toldAt > tellAgain) forgetOldSummaries()
      const marks: Record<string, number> = {}
      for (const id of told) marks[id] = logs.get(id)?.top ?? rooms.get(id)?.last_seq ?? 0
      return marks
    },
    take(page: Page) {
      for (const room of page.rooms) {
        const log = logs.get(room.id)
        if (log && room.id !== active.value && room.last_seq - log.top > tooFar)
          logs.delete(room.id)
        putRoom(room)
      }
      for (const id of page.left) {
        if (active.value === id) lost.value = rooms.get(id) ?? null
        removeRoom(id)
      }
      const byRoom = new Map<number, Entry[]>()
      for (const entry of page.entries)
        byRoom.set(entry.room_id, [...(byRoom.get(entry.room_id) ?? []), entry])
      for (const [id, entries] of byRoom) takeEntries(id, entries)
      if (!page.more && toldAt === 0) {
        for (const id of [...rooms.keys()]) if (!told.has(id)) removeRoom(id)
        toldAt = Date.now()
        ready.value = true
      }
      outbox.nudge()
    },
    entry(entry) {
      const room = rooms.get(entry.room_id)
      if (!room || !told.has(entry.room_id)) return false
      const mark = logs.get(entry.room_id)?.top ?? room.last_seq
      if (entry.seq > mark + 1) return false
      if (entry.seq === mark + 1) takeEntries(entry.room_id, [entry])
      return true
    },
    signal(signal) {
      live.take(signal)
      if (signal.name === 'presence') meet(signal.data.user_id, signal.data.online)
      if (signal.name === 'read' && signal.data.user_id === me)
        void readElsewhere(signal).catch(() => undefined)
    },
    connected(is) {
      if (is && !online.value) outbox.wake()
      online.value = is
    },
  }

  /** The newest page of a room's log. Where the user is not in the room but may join it, that room and no log. */
  async function open(id: number): Promise<Room | null> {
    active.value = id
    if (logs.has(id)) return null
    setLog(id, { loading: true, top: rooms.get(id)?.last_seq ?? 0 })
    const path = { room_id: id }
    const limit = Math.max(pageSize, Math.min(pageMost, (rooms.get(id)?.unread ?? 0) + 20)) // all that is new where that is possible, and a little before it
    const reading = call(
      api.GET('/api/rooms/{room_id}/messages', { params: { path, query: { limit } } }),
    )
    try {
      const [room, page] = await Promise.all([
        call(api.GET('/api/rooms/{room_id}', { params: { path } })),
        reading.catch((error: unknown) => {
          if (error instanceof ApiError && error.code === 'not_a_member') return null
          throw error
        }),
      ])
      if (room.role === null || page === null) {
        removeRoom(id)
        return room
      }
      putRoom(room)
      setLog(id, {
        entries: page.items,
        top: page.items.at(-1)?.seq ?? 0,
        complete: page.next === null,
        loading: false,
      })
      transport.poke()
      void live.look(id).catch(() => undefined)
      return null
    } catch (error) {
      logs.delete(id)
      if (error instanceof ApiError && (error.status === 403 || error.status === 404))
        removeRoom(id)
      throw error
    }
  }

  /** This user joins an open room. */
  async function join(id: number): Promise<void> {
    const path = { room_id: id, user_id: me }
    await call(api.PUT('/api/rooms/{room_id}/members/{user_id}', { params: { path }, body: {} }))
    putRoom(await call(api.GET('/api/rooms/{room_id}', { params: { path: { room_id: id } } })))
  }

  /** The page before the oldest entry that is there. */
  async function loadOlder(id: number): Promise<void> {
    const log = logs.get(id)
    const first = log?.entries[0]
    if (!log || !first || log.complete || log.loading) return
    setLog(id, { loading: true })
    try {
      const query = { before: first.seq, limit: pageSize }
      const page = await call(
        api.GET('/api/rooms/{room_id}/messages', { params: { path: { room_id: id }, query } }),
      )
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
    setRoom({ ...room, read_seq: seq, unread: 0 })
    save('read', { id, seq, at: Date.now() })
    const telling = call(
      api.PUT('/api/rooms/{room_id}/read', { params: { path: { room_id: id } }, body: { seq } }),
    )
    await telling.catch(() => {
      const now = rooms.get(id)
      if (now?.read_seq === seq) setRoom({ ...now, read_seq: room.read_seq }) // so that the next look tries again
    })
  }

  const seenAgain = () => {
    if (document.visibilityState === 'visible' && toldAt > 0 && Date.now() - toldAt > tellAgainSeen)
      forgetOldSummaries()
  }

  function start(userId: number): void {
    stop()
    me = userId
    for (const room of load<Room[]>(`rooms.${userId}`, [])) rooms.set(room.id, room)
    ready.value = rooms.size > 0
    outbox.start(userId, takeOwn)
    addEventListener('focus', seenAgain)
    document.addEventListener('visibilitychange', seenAgain) // both before the transport's own, which ask
    transport.start(source)
  }

  function stop(): void {
    me = 0
    toldAt = 0
    clearTimeout(saving)
    removeEventListener('focus', seenAgain)
    document.removeEventListener('visibilitychange', seenAgain)
    transport.stop()
    outbox.stop()
    live.clear()
    told.clear()
    rooms.clear()
    logs.clear()
    active.value = null
    newest.value = null
    online.value = true
    ready.value = false
  }

  /** On a machine that others may use, nothing of what was said stays behind. */
  function forgetCache(userId: number): void {
    save(`rooms.${userId}`, null)
  }

  // What another tab of this browser has done.
  onChange((key) => {
    if (!me) return
    if (key.startsWith(`outbox.${me}.`)) transport.poke()
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

  return {
    rooms,
    logs,
    list,
    unread,
    online,
    ready,
    active,
    newest,
    lost,
    open,
    join,
    loadOlder,
    markRead,
    putRoom,
    removeRoom,
    forgetCache,
    poke: () => transport.poke(),
  }
})
