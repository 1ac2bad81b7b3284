// Merging pages and single entries into the part of a room's log that this page has, in seq order.
import type { Entry } from '../api/client'

/** The entries of both lists by seq, each once. An incoming entry replaces a known one of the same seq. */
export function merge(known: readonly Entry[], incoming: readonly Entry[]): Entry[] {
  if (incoming.length === 0) return known.slice()
  const last = known.at(-1)
  const appends =
    !last || incoming.every((e, i) => e.seq > (i === 0 ? last.seq : incoming[i - 1]!.seq))
  if (appends) return [...known, ...incoming]
  const bySeq = new Map(known.map((e) => [e.seq, e]))
  for (const entry of incoming) bySeq.set(entry.seq, entry)
  return [...bySeq.values()].sort((a, b) => a.seq - b.seq)
}

/** The highest seq that can be reached from `from` without a gap: the cursor of the next sync. */
export function contiguous(known: readonly Entry[], from: number): number {
  let top = from
  for (const entry of known) {
    if (entry.seq === top + 1) top = entry.seq
    else if (entry.seq > top + 1) break
  }
  return top
}
