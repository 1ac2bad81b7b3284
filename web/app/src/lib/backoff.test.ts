// The wait before the next try.
import { expect, it } from 'vitest'
import { ApiError } from '../api/client'
import { doubled, jittered, retryAfterMs } from './backoff'

it('the wait doubles with each failure, up to its maximum', () => {
  const waits = [1, 2, 3, 4, 5, 20].map((failures) => doubled(500, 5000, failures))
  expect(waits).toEqual([500, 1000, 2000, 4000, 5000, 5000])
})

it('a wait varies by a quarter in both directions', () => {
  for (let i = 0; i < 100; i++) {
    const wait = jittered(1000)
    expect(wait).toBeGreaterThanOrEqual(750)
    expect(wait).toBeLessThan(1250)
  }
})

it('the server’s Retry-After counts in seconds', () => {
  expect(retryAfterMs(new ApiError(429, '', '', [], 20))).toBe(20_000)
  expect(retryAfterMs(new Error())).toBe(0)
})
