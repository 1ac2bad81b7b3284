// How entries and summaries change a room.
import { describe, expect, it } from 'vitest'
import { entryOf, roomOf } from '../testing/server'
import { applied, byActivity, refreshed, unreadText } from './rooms'

describe('an entry', () => {
  it('of somebody else counts as unread', () => {
    expect(applied(roomOf(), entryOf(1), 1)).toMatchObject({ last_seq: 1, unread: 1 })
  })

  it('of mine does not count as unread', () => {
    expect(applied(roomOf(), entryOf(1), 2)).toMatchObject({ last_seq: 1, unread: 0 })
  })

  it('that is not the next one changes nothing', () => {
    const room = roomOf({ last_seq: 3 })
    expect(applied(room, entryOf(3), 1)).toBe(room)
    expect(applied(room, entryOf(5), 1)).toBe(room)
  })

  it('changes the name, the openness and my role', () => {
    let room = applied(roomOf(), entryOf(1, { kind: 'rename', body: 'new' }), 2)
    room = applied(room, entryOf(2, { kind: 'open', body: 'true' }), 2)
    room = applied(room, entryOf(3, { kind: 'role', body: 'admin' }), 2)
    expect(room).toMatchObject({ name: 'new', open: true, role: 'admin', unread: 0 })
  })
})

it('an older summary does not undo what this page knows', () => {
  const known = roomOf({ last_seq: 5, read_seq: 5, unread: 0 })
  const summary = roomOf({ name: 'new', last_seq: 4, read_seq: 3, unread: 1 })
  expect(refreshed(known, summary)).toMatchObject({
    name: 'new',
    last_seq: 5,
    read_seq: 5,
    unread: 0,
  })
})

it('the room of the latest activity comes first', () => {
  const older = roomOf({ id: 1 })
  const newer = roomOf({ id: 2, last_at: '2026-01-02T00:00:00.000Z' })
  expect([older, newer].sort(byActivity)).toEqual([newer, older])
})

it('a badge counts to 98, then shows 99+', () => {
  expect([1, 98, 99].map(unreadText)).toEqual(['1', '98', '99+'])
})
