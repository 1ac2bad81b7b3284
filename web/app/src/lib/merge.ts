// What is known of a room's log, as entries in seq order. Pure functions, so that they can be tested.
import type { Entry } from '../api/client'

/** Both lists, by seq, each entry once. An entry that comes again replaces the one that was there. */
export function merge(known: readonly Entry[], incoming: readonly Entry[]): Entry[] {
  if (incoming.length === 0) return known.slice()
  const last = known.at(-1)
  if (!last || incoming.every((e, i) => e.seq > (i === 0 ? last.seq : incoming[i - 1]!.seq)))
    return [...known, ...incoming]
  const bySeq = new Map(known.map((e) => [e.seq, e]))
  for (const entry of incoming) bySeq.set(entry.seq, entry)
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

/** The seq up to which nothing is missing, beginning at `from`: what is asked of sync next. */
export function contiguous(known: readonly Entry[], from: number): number {
  let top = from
  for (const entry of known) {
    if (entry.seq === top + 1) top = entry.seq
    else if (entry.seq > top + 1) break
  }
  return top
}
