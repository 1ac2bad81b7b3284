import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { save } from '../lib/storage'
import { useChat } from '../stores/chat'
import { me, Server } from '../testing/server'

let server: Server

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  save('session', { token: 't', user: me })
  server = new Server() // which has no streams, and holds no polls
  server.install()
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

describe('without streams', () => {
  it('the server is asked each two seconds, not without end', async () => {
    useChat()
    await vi.advanceTimersByTimeAsync(10000)
    expect(server.synced).toBeGreaterThan(3)
    expect(server.synced).toBeLessThan(10)
  })

  it('and more rarely while the page is hidden', async () => {
    vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden')
    useChat()
    await vi.advanceTimersByTimeAsync(30000)
    expect(server.synced).toBeLessThan(7)
    vi.restoreAllMocks()
  })
})
