// Whether somebody is looking at the page.
import { afterEach, expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { usePageFocus } from './usePageFocus'

afterEach(() => {
  vi.restoreAllMocks()
})

it('a page without the focus is not watched, and nothing is reported after the end', () => {
  const focus = vi.spyOn(document, 'hasFocus').mockReturnValue(true)
  vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('visible')
  const onChange = vi.fn()
  const scope = effectScope()
  const isWatched = scope.run(() => usePageFocus(onChange))!
  expect(isWatched()).toBe(true)
  focus.mockReturnValue(false)
  dispatchEvent(new Event('blur'))
  expect(isWatched()).toBe(false)
  expect(onChange).toHaveBeenCalledTimes(1)
  scope.stop()
  dispatchEvent(new Event('focus'))
  expect(onChange).toHaveBeenCalledTimes(1)
})
