// The user's own account.
import { expect, it } from 'vitest'
import { canSaveName } from './useAccount'

it('a display name can be saved if it is new and not empty', () => {
  expect(canSaveName('Li', 'Lan')).toBe(true)
  expect(canSaveName(' Lan ', 'Lan')).toBe(false)
  expect(canSaveName('  ', 'Lan')).toBe(false)
})
