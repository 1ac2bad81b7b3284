// The rooms and logs that the page has, and how current they are. The list of rooms is stored for the next visit.
import { computed, ref, shallowReactive } from 'vue'
import type { Entry, Room } from '../api/client'
import { contiguous, merge } from '../lib/merge'
import { byActivity, refreshed } from '../lib/rooms'
import { load, save } from '../lib/storage'
import type { Marks } from '../live/transport'
import { usePeople } from './people'

/** A room's log: entries in seq order. None is missing between the first and the one with seq `top`. */
export interface Log {
  entries: Entry[]
  top: number
  complete: boolean // the entries begin at seq 1
  loading: boolean
}

/** Is the first page of this log still to come? */
export const isOpening = (log: Log): boolean => log.loading && log.entries.length === 0

const CACHE_DELAY_MS = 500
const CACHED_ROOMS_MAX = 100

const cacheKey = (user: number) => `rooms.${user}`

/** Removes a user's stored list of rooms, so that the next user of this browser cannot read it. */
export const clearCache = (user: number): void => save(cacheKey(user), null)

/** The state of the chat store, which alone uses it. */
export function useRoomState() {
  const people = usePeople()
  const rooms = shallowReactive(new Map<number, Room>())
  const logs = shallowReactive(new Map<number, Log>())
  const active = ref<number | null>(null) // the room that is shown
  const ready = ref(false) // the rooms are known: if the list is empty, there are none
  const current = new Set<number>() // rooms with a summary from the server; others are from the cache
  let summariesAt = 0 // when the server's summaries of all rooms were complete; 0: they are not
  let expired = false // since the sync under way began: it may not bring every summary
  let user = 0 // 0: nobody is signed in
  let cacheTimer: ReturnType<typeof setTimeout> | undefined

  const list = computed(() => [...rooms.values()].sort(byActivity))
  const unread = computed(() => list.value.reduce((sum, room) => sum + room.unread, 0))

  function cacheSoon(): void {
    clearTimeout(cacheTimer)
    cacheTimer = setTimeout(() => {
      if (user) save(cacheKey(user), list.value.slice(0, CACHED_ROOMS_MAX))
    }, CACHE_DELAY_MS)
  }

  function setRoom(room: Room): void {
    if (rooms.get(room.id) === room) return
    people.meetIn(room)
    rooms.set(room.id, room)
    cacheSoon()
  }

  /** Takes a room's summary from the server. */
  function putRoom(summary: Room): void {
    current.add(summary.id)
    setRoom(refreshed(rooms.get(summary.id), summary))
  }

  function removeRoom(id: number): void {
    current.delete(id)
    rooms.delete(id)
    logs.delete(id)
    if (active.value === id) active.value = null
    cacheSoon()
  }

  function setLog(id: number, changes: Partial<Log>): void {
    const empty: Log = { entries: [], top: 0, complete: false, loading: false }
    logs.set(id, { ...empty, ...logs.get(id), ...changes })
  }

  /** Adds an entry to a room's log, if it is loaded. The mark stays: a sync has to bring what precedes the entry. */
  function showInLog(entry: Entry): void {
    const log = logs.get(entry.room_id)
    if (log && !isOpening(log)) setLog(entry.room_id, { entries: merge(log.entries, [entry]) })
  }

  /** Adds entries to a room's log, if it is loaded. */
  function mergeIntoLog(id: number, entries: Entry[]): void {
    const log = logs.get(id)
    if (!log || isOpening(log)) return // the first page is coming, and a sync brings what follows it
    const merged = merge(log.entries, entries)
    setLog(id, { entries: merged, top: contiguous(merged, log.top) })
  }

  /** The seq up to which the page lacks no entry of a room: the end of its log, or of its summary without a log. */
  const markOf = (id: number): number => logs.get(id)?.top ?? rooms.get(id)?.last_seq ?? 0

  /** The time of the entry at a room's mark, in ms; 0 if the page does not have it. */
  function timeOfMark(id: number): number {
    const log = logs.get(id)
    const room = rooms.get(id)
    const entry = log?.entries.findLast(({ seq }) => seq === log.top)
    const time = entry?.created_at ?? (room?.last_seq === markOf(id) ? room.last_at : undefined)
    return time === undefined ? 0 : Date.parse(time)
  }

  /** The marks of all rooms with a current summary. The server sends the summaries of all others. */
  const marks = (): Marks =>
    Object.fromEntries([...current].map((id) => [id, { seq: markOf(id), at: timeOfMark(id) }]))

  /** Takes the summary of a room that went back to an older state: nothing of it may stay. */
  function restartRoom(summary: Room): void {
    logs.delete(summary.id)
    rooms.delete(summary.id)
    putRoom(summary)
  }

  const isCurrent = (id: number): boolean => current.has(id)

  /** Makes the next sync load the summaries of all rooms but the one that is shown. */
  function expireSummaries(): void {
    current.clear()
    summariesAt = 0
    expired = true
    if (active.value !== null && rooms.has(active.value)) current.add(active.value)
  }

  const summariesOlderThan = (ms: number) => summariesAt > 0 && Date.now() - summariesAt > ms

  /** A sync of all rooms begins: from now on it brings the summaries of all that are not current. */
  function beginSync(): void {
    expired = false
  }

  /** Call this at the end of such a sync: removes the rooms without a summary, which the user has left. */
  function completeSummaries(): void {
    if (summariesAt > 0 || expired) return
    for (const id of [...rooms.keys()]) if (!current.has(id)) removeRoom(id)
    summariesAt = Date.now()
    ready.value = true
  }

  /** Begins with the stored rooms of a user. */
  function restore(userId: number): void {
    user = userId
    for (const room of load<Room[]>(cacheKey(userId), [])) {
      people.meetIn(room)
      rooms.set(room.id, room)
    }
    ready.value = rooms.size > 0
  }

  function clear(): void {
    user = 0
    summariesAt = 0
    clearTimeout(cacheTimer)
    current.clear()
    rooms.clear()
    logs.clear()
    active.value = null
    ready.value = false
  }

  return {
    rooms,
    logs,
    active,
    ready,
    list,
    unread,
    setRoom,
    putRoom,
    restartRoom,
    removeRoom,
    setLog,
    showInLog,
    mergeIntoLog,
    markOf,
    marks,
    isCurrent,
    expireSummaries,
    beginSync,
    summariesOlderThan,
    completeSummaries,
    restore,
    clear,
  }
}
