// The look of the page.
import { expect, it } from 'vitest'
import { themeToStore } from './ui'

it('a theme that equals the system’s is not stored, so that the page follows the system again', () => {
  expect(themeToStore('dark', true)).toBeNull()
  expect(themeToStore('light', false)).toBeNull()
  expect(themeToStore('dark', false)).toBe('dark')
  expect(themeToStore('light', true)).toBe('light')
})
