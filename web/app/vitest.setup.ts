// Streams for the page's unit tests: jsdom has none, and a test's context does not have Node's own globals. And the
// stores of a test end with it: what they poll would be counted in another one.
import { ReadableStream } from 'node:stream/web'
import { disposePinia, getActivePinia } from 'pinia'
import { afterEach } from 'vitest'

Object.assign(globalThis, { ReadableStream })

afterEach(() => {
  const pinia = getActivePinia()
  if (pinia) disposePinia(pinia)
})
