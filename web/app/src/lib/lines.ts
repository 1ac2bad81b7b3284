// What a room's log looks like, one line for each entry and each message on its way. Pure, so that it can be tested.
import type { Entry } from '../api/client'
import type { Outgoing } from '../stores/outbox'

export interface Line {
  key: string // the same while a message is on its way and once it has arrived
  entry?: Entry
  outgoing?: Outgoing
  begins: boolean // nothing is before it, ever
  day: number | null // the first of a day: a time of that day
  fresh: boolean // the first that has not been read
  first: boolean // the first of several of one sender
  last: boolean
}

const together = 5 * 60 * 1000 // milliseconds within which messages of one sender belong together

interface View {
  entries: readonly Entry[]
  outgoing: readonly Outgoing[]
  complete: boolean
  readTo: number | null // the divider stands after it
  me: number
}

/** Where the divider of new messages stands: the first message of somebody else after what was read. */
function freshSeq({ entries, readTo, me }: View): number | null {
  if (readTo === null || entries.length === 0 || entries[0]!.seq > readTo + 1) return null
  return (
    entries.find(
      (entry) => entry.seq > readTo && entry.kind === 'message' && entry.sender.id !== me,
    )?.seq ?? null
  )
}

const times = new WeakMap<Entry, number>() // reading a time is what costs most in a long log

function timeOf(entry: Entry): number {
  let time = times.get(entry)
  if (time === undefined) times.set(entry, (time = Date.parse(entry.created_at)))
  return time
}

export function toLines(view: View): Line[] {
  const lines: Line[] = []
  const fresh = freshSeq(view)
  let dayEnd = -Infinity
  let sender = 0
  let at = 0

  function add(
    key: string,
    from: number,
    now: number,
    isFresh: boolean,
    what: { entry?: Entry; outgoing?: Outgoing },
  ): void {
    const newDay = now >= dayEnd
    if (newDay) dayEnd = new Date(now).setHours(24, 0, 0, 0)
    const first = newDay || isFresh || from !== sender || now - at > together
    sender = from
    at = now
    lines.push({
      key,
      ...what,
      begins: view.complete && lines.length === 0,
      day: newDay ? now : null,
      fresh: isFresh,
      first,
      last: false,
    })
  }

  for (const entry of view.entries) {
    const message = entry.kind === 'message'
    add(
      message && entry.client_id ? entry.client_id : `e${entry.seq}`,
      message ? entry.sender.id : 0,
      timeOf(entry),
      entry.seq === fresh,
      { entry },
    )
  }
  for (const outgoing of view.outgoing)
    add(outgoing.client_id, view.me, Date.parse(outgoing.created_at), false, { outgoing })
  const last = lines.at(-1)
  if (last) last.last = true
  return lines
}
