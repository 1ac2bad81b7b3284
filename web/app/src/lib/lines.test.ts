import { describe, expect, it } from 'vitest'
import { entryOf, me } from '../testing/server'
import { toLines } from './lines'

const view = { outgoing: [], complete: true, readTo: null, me: me.id }
const mine = { sender: { id: me.id, nickname: 'Me' } }

describe('the lines of a room', () => {
  it('group what one sender says within five minutes', () => {
    const late = entryOf(4, { created_at: '2026-01-01T00:06:00.000Z' })
    const entries = [entryOf(1), entryOf(2), entryOf(3, mine), late]
    expect(toLines({ ...view, entries }).map((line) => line.first)).toEqual([
      true,
      false,
      true,
      true,
    ])
  })

  it('begin each day', () => {
    const entries = [entryOf(1), entryOf(2), entryOf(3, { created_at: '2026-01-03T00:00:00.000Z' })]
    const lines = toLines({ ...view, entries })
    expect(lines.map((line) => line.day !== null)).toEqual([true, false, true])
    expect(lines[0]!.begins).toBe(true)
  })

  it('divide what is new before the first message of somebody else', () => {
    const entries = [
      entryOf(1),
      entryOf(2, { kind: 'join' }),
      entryOf(3, mine),
      entryOf(4),
      entryOf(5),
    ]
    expect(toLines({ ...view, entries, readTo: 1 }).findIndex((line) => line.fresh)).toBe(3)
    expect(
      toLines({ ...view, entries: entries.slice(2), readTo: 1 }).some((line) => line.fresh),
    ).toBe(false)
  })

  it('keep the key of a message from its sending on', () => {
    const outgoing = {
      client_id: 'c',
      room_id: 7,
      body: 'x',
      created_at: entryOf(2).created_at,
      failed: null,
    }
    const before = toLines({ ...view, entries: [entryOf(1)], outgoing: [outgoing] })
    const after = toLines({
      ...view,
      entries: [entryOf(1), entryOf(2, { ...mine, client_id: 'c' })],
    })
    expect(before.map((line) => line.key)).toEqual(after.map((line) => line.key))
  })
})
