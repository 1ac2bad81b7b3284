// Actions and their errors.
import { expect, it } from 'vitest'
import { ApiError } from '../api/client'
import { useAttempt } from './useAttempt'

it('the error of an action is shown until the next action begins', async () => {
  const { error, busy, attempt } = useAttempt()
  const failing = attempt(() => Promise.reject(new ApiError(409, 'taken', 'Taken')))
  expect(busy.value).toBe(true)
  expect(await failing).toBe(false)
  expect([error.value, busy.value]).toEqual(['Taken', false])
  expect(await attempt(() => Promise.resolve())).toBe(true)
  expect(error.value).toBe('')
})
