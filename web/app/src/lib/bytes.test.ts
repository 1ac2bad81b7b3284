// Sizes of files for people to read.
import { expect, it } from 'vitest'
import { formatBytes } from './bytes'

it('a size has a unit, and a decimal only below ten units', () => {
  expect([0, 999, 1000, 54_321, 4_200_000, 123_456_789, 2.5e9].map(formatBytes)).toEqual([
    '0 B',
    '999 B',
    '1.0 kB',
    '54 kB',
    '4.2 MB',
    '123 MB',
    '2.5 GB',
  ])
})
