// Polling, against a server that has no streams and does not hold long polls.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { save } from '../lib/storage'
import { useChat } from '../stores/chat'
import { FakeServer, me } from '../testing/server'

let server: FakeServer

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  save('session', { token: 't', user: me })
  server = new FakeServer()
  server.install()
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

it('a visible page polls every two seconds', async () => {
  useChat()
  await vi.advanceTimersByTimeAsync(10_000)
  expect(server.syncs).toBeGreaterThan(3)
  expect(server.syncs).toBeLessThan(10)
})

it('a hidden page polls every ten seconds', async () => {
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
  useChat()
  await vi.advanceTimersByTimeAsync(30_000)
  expect(server.syncs).toBeLessThan(7)
})
