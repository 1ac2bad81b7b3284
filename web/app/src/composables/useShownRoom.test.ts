// The room that the address names.
import { expect, it } from 'vitest'
import { ApiError } from '../api/client'
import { openFailure } from './useShownRoom'

const withStatus = (status: number) => openFailure(new ApiError(status, '', ''))

it('a room that the user may not see, or that does not exist, is left', () => {
  expect([withStatus(403), withStatus(404)]).toEqual(['leave', 'leave'])
})

it('an expired session leads to the sign-in page', () => {
  expect(withStatus(401)).toBe('sign-in')
})

it('a room can be tried again after any other failure', () => {
  expect([withStatus(0), withStatus(503)]).toEqual(['retry', 'retry'])
  expect(openFailure(new TypeError())).toBe('retry')
})
