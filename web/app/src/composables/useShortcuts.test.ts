// The keyboard shortcuts of the chat.
import { expect, it, vi } from 'vitest'
import { effectScope } from 'vue'
import { shortcutOf, useShortcuts } from './useShortcuts'

const key = (name: string, more: KeyboardEventInit = {}) =>
  new KeyboardEvent('keydown', { key: name, ...more })

it('Ctrl or Cmd + K opens the palette, and Alt + an arrow changes the room', () => {
  expect(shortcutOf(key('k', { ctrlKey: true }))).toBe('palette')
  expect(shortcutOf(key('K', { metaKey: true }))).toBe('palette')
  expect(shortcutOf(key('ArrowDown', { altKey: true }))).toBe('next')
  expect(shortcutOf(key('ArrowUp', { altKey: true }))).toBe('previous')
  expect(shortcutOf(key('ArrowUp'))).toBeNull()
})

it('Escape that ends a composed word is no shortcut', () => {
  expect(shortcutOf(key('Escape'))).toBe('escape')
  expect(shortcutOf(key('Escape', { isComposing: true }))).toBeNull()
})

it('a key that a handler used is kept from the browser, until the end', () => {
  const palette = vi.fn(() => true)
  const unused = () => false
  const scope = effectScope()
  scope.run(() => useShortcuts({ palette, next: unused, previous: unused, escape: unused }))
  const first = key('k', { ctrlKey: true, cancelable: true })
  dispatchEvent(first)
  expect(first.defaultPrevented).toBe(true)
  scope.stop()
  dispatchEvent(key('k', { ctrlKey: true }))
  expect(palette).toHaveBeenCalledTimes(1)
})
