// The rows of a room's message list: one for each entry, then one for each message still on its way.
import type { Entry } from '../api/client'
import type { Outgoing } from '../stores/outbox'

export interface Row {
  key: string // stays the same when a message on its way becomes an entry
  entry?: Entry
  outgoing?: Outgoing
  begins: boolean // the very first entry of the room
  day: number | null // set on the first row of a day: a time on that day, ms since 1970
  divider: boolean // the first unread message: "New messages" stands above it
  first: boolean // the first message of a group from one sender
  last: boolean // the last row of the list
}

const GROUP_GAP_MS = 5 * 60_000 // a longer pause between messages of one sender begins a new group

/** The parts of the rows. */
export interface RowSource {
  entries: readonly Entry[]
  outgoing: readonly Outgoing[]
  complete: boolean // the entries begin at seq 1
  readTo: number | null // the divider stands after this seq; null: no divider
  me: number
}

/** The messages of a room that are still on their way: those whose client_id is in none of my entries. */
export function pending(
  outgoing: readonly Outgoing[],
  room: number,
  entries: readonly Entry[],
  me: number,
): Outgoing[] {
  const here = outgoing.filter((item) => item.room_id === room)
  if (here.length === 0) return here
  const arrived = new Set(entries.map((entry) => (entry.sender.id === me ? entry.client_id : null)))
  return here.filter((item) => !arrived.has(item.client_id))
}

/** The seq of the first message of somebody else after `readTo`; null if the entries do not reach back that far. */
function firstUnread({ entries, readTo, me }: RowSource): number | null {
  const oldest = entries[0]
  if (readTo === null || !oldest || oldest.seq > readTo + 1) return null
  const unread = entries.find(
    (entry) => entry.seq > readTo && entry.kind === 'message' && entry.sender.id !== me,
  )
  return unread?.seq ?? null
}

const times = new WeakMap<Entry, number>() // parsing times is the slowest part of a long log

function timeOf(entry: Entry): number {
  let time = times.get(entry)
  if (time === undefined) {
    time = Date.parse(entry.created_at)
    times.set(entry, time)
  }
  return time
}

export function toRows(source: RowSource): Row[] {
  const rows: Row[] = []
  const unread = firstUnread(source)
  let dayEnd = -Infinity
  let lastSender = 0
  let lastTime = 0

  function add(
    sender: number,
    time: number,
    row: Pick<Row, 'key' | 'divider' | 'entry' | 'outgoing'>,
  ): void {
    const newDay = time >= dayEnd
    if (newDay) dayEnd = new Date(time).setHours(24, 0, 0, 0)
    rows.push({
      ...row,
      begins: source.complete && rows.length === 0,
      day: newDay ? time : null,
      first: newDay || row.divider || sender !== lastSender || time - lastTime > GROUP_GAP_MS,
      last: false,
    })
    lastSender = sender
    lastTime = time
  }

  for (const entry of source.entries) {
    const isMessage = entry.kind === 'message'
    add(isMessage ? entry.sender.id : 0, timeOf(entry), {
      key: isMessage && entry.client_id ? entry.client_id : `e${entry.seq}`,
      divider: entry.seq === unread,
      entry,
    })
  }
  for (const outgoing of source.outgoing) {
    const time = Date.parse(outgoing.created_at)
    add(source.me, time, { key: outgoing.client_id, divider: false, outgoing })
  }
  const last = rows.at(-1)
  if (last) last.last = true
  return rows
}
