// Catching up, as ranges of rooms.
import { expect, it } from 'vitest'
import { checksum, rangeAfter } from './catchUp'

const marksOf = (count: number) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [i + 1, { seq: 5, at: 9 }]))

it('a call without many rooms has no end, so that it finds new rooms', () => {
  expect(rangeAfter({ 7: { seq: 3, at: 90 }, 9: { seq: 1, at: 80 } }, 0)).toEqual({
    rooms: { 7: 3, 9: 1 },
    times: { 7: 90, 9: 80 },
    after_room: 0,
  })
})

it('many rooms are divided into ranges without gaps', () => {
  const marks = marksOf(2_500)
  const first = rangeAfter(marks, 0)
  expect([Object.keys(first.rooms).length, first.through_room]).toEqual([1_000, 1_000])
  const last = rangeAfter(marks, 2_000)
  expect(Object.keys(last.rooms).length).toBe(500)
  expect(last.through_room).toBeUndefined()
})

it('ids are compared as numbers', () => {
  const mark = { seq: 1, at: 0 }
  expect(Object.keys(rangeAfter({ 9007199254740991: mark, 10: mark, 9: mark }, 9).rooms)).toEqual([
    '10',
    '9007199254740991',
  ])
})

it('the checksum is the sum of all ids and marks', () => {
  expect(checksum({ 7: { seq: 3, at: 90 }, 9: { seq: 1, at: 80 } })).toBe(20)
})
