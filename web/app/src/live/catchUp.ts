// Catching up: asks the server for everything that is missing, over ranges of rooms, so that there may be any number.
import { api, call } from '../api/client'
import type { Marks, Source } from './transport'

const RANGE_MARKS = 1_000 // half the server's maximum: smaller requests

/** The rooms of one call: those after `after_room`, up to `through_room`; without that, all that follow. */
export interface Range {
  rooms: Record<string, number> // seqs
  times: Record<string, number> // ms
  after_room: number
  through_room?: number
}

/** The range after room `after` that the next call covers. */
export function rangeAfter(marks: Marks, after: number): Range {
  const ids = Object.keys(marks)
    .map(Number)
    .filter((id) => id > after)
    .sort((a, b) => a - b)
  const first = ids.slice(0, RANGE_MARKS)
  const range = {
    rooms: Object.fromEntries(first.map((id) => [id, marks[id]!.seq])),
    times: Object.fromEntries(first.map((id) => [id, marks[id]!.at])),
    after_room: after,
  }
  return first.length < ids.length ? { ...range, through_room: first.at(-1) } : range
}

/** The sum of all ids and marks, which the server compares with that of the user's rooms. */
export const checksum = (marks: Marks): number =>
  Object.entries(marks).reduce((sum, [id, { seq }]) => sum + Number(id) + seq, 0)

/** Asks range by range, from the first room on, until nothing is missing or `goesOn` is false. Throws an ApiError. */
export async function catchUp(source: Source, goesOn: () => boolean): Promise<void> {
  source.beginSync()
  for (let after: number | undefined = 0; after !== undefined && goesOn();) {
    const range: Range = rangeAfter(source.marks(), after)
    const page = await call(api.POST('/api/sync', { body: range }))
    if (!goesOn()) return
    after = page.more ? page.after_room : range.through_room
    source.applyPage(page, after === undefined)
  }
}
