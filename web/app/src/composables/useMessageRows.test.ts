// The rows of a room's message list.
import { expect, it } from 'vitest'
import { entryOf, personOf } from '../testing/server'
import { lastOwnSeq } from './useMessageRows'

it('my last message is the one whose readers are shown', () => {
  const mine = { sender: personOf({ id: 1, username: 'me', nickname: 'Me' }) }
  const entries = [
    entryOf(1, mine),
    entryOf(2, mine),
    entryOf(3, { ...mine, kind: 'role' }),
    entryOf(4),
  ]
  expect(lastOwnSeq(entries, 1)).toBe(2)
  expect(lastOwnSeq([entryOf(4)], 1)).toBeUndefined()
})
