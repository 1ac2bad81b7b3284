// Moving through a list.
import { expect, it } from 'vitest'
import { neighbour, stepThrough } from './lists'

it('stepping through the list wraps round', () => {
  expect(stepThrough(2, 1, 3)).toBe(0)
  expect(stepThrough(0, -1, 3)).toBe(2)
  expect(stepThrough(0, 1, 0)).toBe(0)
})

it('there is no neighbour beyond the ends of a list', () => {
  expect(neighbour([1, 2, 3], 2, 1)).toBe(3)
  expect(neighbour([1, 2, 3], 3, 1)).toBeUndefined()
  expect(neighbour([1, 2, 3], 1, -1)).toBeUndefined()
})

it('without a present item, the first of the list is next', () => {
  expect(neighbour([1, 2, 3], null, -1)).toBe(1)
})
