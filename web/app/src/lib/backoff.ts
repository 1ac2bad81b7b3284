// The wait before the next try. It varies, so that clients that failed together do not return together.
import { ApiError } from '../api/client'

/** A wait of `ms`, up to a quarter shorter or longer. */
export const jittered = (ms: number): number => ms * (0.75 + Math.random() / 2)

/** `first` doubled for each failure after the first, at most `max`. Milliseconds. */
export const doubled = (first: number, max: number, failures: number): number =>
  Math.min(max, first * 2 ** (failures - 1))

/** The milliseconds that the server asked to wait, 0 if it did not. */
export const retryAfterMs = (error: unknown): number =>
  error instanceof ApiError ? error.retryAfter * 1000 : 0
