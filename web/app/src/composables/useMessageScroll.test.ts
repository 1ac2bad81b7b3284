// The scroll position of a message list.
import { expect, it } from 'vitest'
import { dividerAfter, isAtEnd, needsOlder } from './useMessageScroll'

it('a list is at its end up to 120 pixels before it', () => {
  const at = (scrollOffset: number) =>
    isAtEnd({ scrollSize: 1000, viewportSize: 400, scrollOffset })
  expect([at(600), at(481), at(480), at(0)]).toEqual([true, true, false, false])
})

it('older messages are loaded near the beginning, one page at a time', () => {
  const log = { complete: false, loading: false }
  expect(needsOlder({ scrollOffset: 800 }, log)).toBe(true)
  expect(needsOlder({ scrollOffset: 801 }, log)).toBe(false)
  expect(needsOlder({ scrollOffset: 0 }, { ...log, loading: true })).toBe(false)
  expect(needsOlder({ scrollOffset: 0 }, { ...log, complete: true })).toBe(false)
})

it('a message of mine removes the divider', () => {
  expect(dividerAfter(3, { own: true, seen: true, readSeq: 9 })).toBeNull()
})

it('a message that is seen leaves the divider alone', () => {
  expect(dividerAfter(3, { own: false, seen: true, readSeq: 9 })).toBe(3)
  expect(dividerAfter(null, { own: false, seen: true, readSeq: 9 })).toBeNull()
})

it('a message that is not seen puts a divider after what was read, once', () => {
  expect(dividerAfter(null, { own: false, seen: false, readSeq: 9 })).toBe(9)
  expect(dividerAfter(3, { own: false, seen: false, readSeq: 9 })).toBe(3)
})
