// The rows of a room's message list.
import { describe, expect, it } from 'vitest'
import { entryOf, me, personOf } from '../testing/server'
import { pending, toRows } from './rows'

const view = { outgoing: [], complete: true, readTo: null, me: me.id }
const mine = { sender: personOf(me) }
const outgoing = {
  client_id: 'c',
  room_id: 7,
  body: 'x',
  created_at: entryOf(2).created_at,
  failed: null,
}

describe('the rows of a room', () => {
  it('group what one sender writes within five minutes', () => {
    const late = entryOf(4, { created_at: '2026-01-01T00:06:00.000Z' })
    const entries = [entryOf(1), entryOf(2), entryOf(3, mine), late]
    expect(toRows({ ...view, entries }).map((row) => row.first)).toEqual([true, false, true, true])
  })

  it('mark the first row of each day', () => {
    const later = entryOf(3, { created_at: '2026-01-03T00:00:00.000Z' })
    const rows = toRows({ ...view, entries: [entryOf(1), entryOf(2), later] })
    expect(rows.map((row) => row.day !== null)).toEqual([true, false, true])
    expect(rows[0]!.begins).toBe(true)
  })

  it('have a divider above the first unread message of somebody else', () => {
    const entries = [
      entryOf(1),
      entryOf(2, { kind: 'join' }),
      entryOf(3, mine),
      entryOf(4),
      entryOf(5),
    ]
    const rows = toRows({ ...view, entries, readTo: 1 })
    expect(rows.findIndex((row) => row.divider)).toBe(3)
  })

  it('have no divider if the entries do not reach back to what was read', () => {
    const rows = toRows({ ...view, entries: [entryOf(3, mine), entryOf(4)], readTo: 1 })
    expect(rows.some((row) => row.divider)).toBe(false)
  })

  it('keep the key of a message when it arrives', () => {
    const before = toRows({ ...view, entries: [entryOf(1)], outgoing: [outgoing] })
    const after = toRows({
      ...view,
      entries: [entryOf(1), entryOf(2, { ...mine, client_id: 'c' })],
    })
    expect(before.map((row) => row.key)).toEqual(after.map((row) => row.key))
  })
})

describe('a message on its way', () => {
  it('is pending until my entry with its client_id is there', () => {
    expect(pending([outgoing], 7, [], me.id)).toEqual([outgoing])
    const arrived = entryOf(2, { ...mine, client_id: 'c' })
    expect(pending([outgoing], 7, [arrived], me.id)).toEqual([])
  })

  it('is not confused with another sender’s message of the same client_id', () => {
    expect(pending([outgoing], 7, [entryOf(2, { client_id: 'c' })], me.id)).toEqual([outgoing])
  })

  it('is pending in its own room only', () => {
    expect(pending([outgoing], 8, [], me.id)).toEqual([])
  })
})
