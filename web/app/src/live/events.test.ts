// The events of the live stream.
import { expect, it } from 'vitest'
import { parseEvent } from './events'

it('an event is parsed', () => {
  expect(parseEvent({ name: 'bye', id: '', data: '{"retry_ms":7}' })).toEqual({
    name: 'bye',
    id: '',
    data: { retry_ms: 7 },
  })
})

it('an event that this page does not know is ignored', () => {
  expect(parseEvent({ name: 'toString', id: '', data: '{}' })).toBeNull()
  expect(parseEvent({ name: 'message', id: '', data: 'no JSON' })).toBeNull()
})
