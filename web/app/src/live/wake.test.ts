// When the page wakes.
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { onWake } from './wake'

const handlers = { seen: vi.fn(), online: vi.fn(), offline: vi.fn() }
let stop: () => void

const setVisibility = (state: DocumentVisibilityState) =>
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue(state)

beforeEach(() => {
  vi.clearAllMocks()
  setVisibility('visible')
  stop = onWake(handlers)
})

afterEach(() => {
  stop()
  vi.restoreAllMocks()
})

it('a visible page is seen when it gets the focus or becomes visible', () => {
  dispatchEvent(new Event('focus'))
  document.dispatchEvent(new Event('visibilitychange'))
  expect(handlers.seen).toHaveBeenCalledTimes(2)
})

it('a hidden page stays asleep', () => {
  setVisibility('hidden')
  document.dispatchEvent(new Event('visibilitychange'))
  dispatchEvent(new Event('online'))
  expect(handlers.seen).not.toHaveBeenCalled()
  expect(handlers.online).not.toHaveBeenCalled()
})

it('the network is reported when it goes and when it returns', () => {
  dispatchEvent(new Event('offline'))
  dispatchEvent(new Event('online'))
  expect(handlers.offline).toHaveBeenCalledTimes(1)
  expect(handlers.online).toHaveBeenCalledTimes(1)
})

it('nothing is called after the end', () => {
  stop()
  for (const name of ['focus', 'online', 'offline']) dispatchEvent(new Event(name))
  for (const handler of Object.values(handlers)) expect(handler).not.toHaveBeenCalled()
})
