// Merging entries into a room's log.
import { describe, expect, it } from 'vitest'
import type { Entry } from '../api/client'
import { personOf } from '../testing/server'
import { contiguous, merge } from './merge'

const entry = (seq: number, body = `m${seq}`): Entry => ({
  room_id: 1,
  seq,
  kind: 'message',
  sender: personOf({ id: 1, username: 'a', nickname: 'a' }),
  client_id: `c${seq}`,
  body,
  ref_seq: null,
  created_at: '2026-01-01T00:00:00.000+08:00',
})
const seqs = (entries: Entry[]) => entries.map((e) => e.seq)

describe('a room’s log', () => {
  it('stays in seq order, whatever order the pages arrive in', () => {
    let known: Entry[] = []
    for (const page of [[5, 6], [1, 2], [4], [3, 4, 5]])
      known = merge(
        known,
        page.map((n) => entry(n)),
      )
    expect(seqs(known)).toEqual([1, 2, 3, 4, 5, 6])
  })

  it('holds each entry once, as it arrived last', () => {
    const known = merge([entry(1), entry(2)], [entry(2, 'again'), entry(3)])
    expect(seqs(known)).toEqual([1, 2, 3])
    expect(known[1]!.body).toBe('again')
  })

  it('continues from the last seq before a gap', () => {
    expect(contiguous([entry(8), entry(9), entry(12)], 7)).toBe(9)
    expect(contiguous([entry(12)], 9)).toBe(9)
    expect(contiguous([], 4)).toBe(4)
  })

  it('is a new list: the given one is not changed', () => {
    const known = [entry(1)]
    merge(known, [entry(2)])
    expect(seqs(known)).toEqual([1])
  })
})
