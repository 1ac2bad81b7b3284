// A form and its faults.
import { expect, it } from 'vitest'
import { ApiError, type Fault } from '../api/client'
import { faultsByField, useForm } from './useForm'

const fault = (field: string, msg: string): Fault => ({
  type: 'x',
  loc: ['body', field],
  msg,
  input: null,
})

it('a fault stands at its field, the first of several', () => {
  const error = new ApiError(422, 'invalid', '', [fault('name', 'too long'), fault('name', 'odd')])
  expect(faultsByField(error, ['name'])).toEqual({ faults: { name: 'too long' }, error: '' })
})

it('a fault of no field of the form stands above the form', () => {
  const error = new ApiError(422, 'invalid', '', [fault('device', 'too long')])
  expect(faultsByField(error, ['name'])).toEqual({ faults: {}, error: 'too long' })
})

it('an error without faults stands above the form', () => {
  expect(faultsByField(new ApiError(409, 'taken', 'Taken'), ['name'])).toEqual({
    faults: {},
    error: 'Taken',
  })
})

it('a form is sent once at a time, and shows the error of the last try', async () => {
  const form = useForm([])
  let calls = 0
  const first = form.submit(() => {
    calls++
    return Promise.reject(new ApiError(409, 'taken', 'Taken'))
  })
  expect(await form.submit(() => Promise.resolve(calls++))).toBe(false)
  expect(await first).toBe(false)
  expect([calls, form.error.value, form.busy.value]).toEqual([1, 'Taken', false])
  expect(await form.submit(() => Promise.resolve())).toBe(true)
  expect(form.error.value).toBe('')
})
