// The members of a room.
import { expect, it } from 'vitest'
import type { Member, Role } from '../api/client'
import { entryOf, profileOf } from '../testing/server'
import { byRank, lastChange, manages, outranks } from './useMembers'

const member = (id: number, nickname: string, role: Role): Member => ({
  user: profileOf({ id, username: nickname, nickname }),
  role,
  read_seq: 0,
  joined_at: '2026-01-01T00:00:00.000Z',
})

it('an owner outranks an admin, and an admin a member', () => {
  expect(outranks('owner', 'admin')).toBe(true)
  expect(outranks('admin', 'member')).toBe(true)
  expect(outranks('admin', 'admin')).toBe(false)
  expect(outranks('member', 'owner')).toBe(false)
})

it('a user who is not in the room outranks nobody', () => {
  expect(outranks(null, 'member')).toBe(false)
})

it('members are sorted by role, then by name', () => {
  const list = [member(1, 'b', 'member'), member(2, 'a', 'member'), member(3, 'z', 'owner')]
  expect(list.sort(byRank).map((one) => one.user.id)).toEqual([3, 2, 1])
})

it('admins and owners manage a group; nobody manages a direct room', () => {
  expect(manages({ kind: 'group', role: 'admin' })).toBe(true)
  expect(manages({ kind: 'group', role: 'member' })).toBe(false)
  expect(manages({ kind: 'dm', role: 'owner' })).toBe(false)
})

it('any entry but a message may have changed the members', () => {
  expect(lastChange([entryOf(1, { kind: 'join' }), entryOf(2)])).toBe(1)
  expect(lastChange([entryOf(1)])).toBeUndefined()
})
