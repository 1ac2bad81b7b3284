// The names of people as texts.
import { expect, it } from 'vitest'
import { atName, comparable, fullName, isolated, withoutDirection } from './people'

it('names that differ only in case, width or invisible characters compare equal', () => {
  for (const name of ['Li_Lei', 'ＬＩ＿ＬＥＩ', 'li\u200B_lei', 'li_\u00ADlei'])
    expect(comparable(name)).toBe('li_lei')
  expect(comparable('李  雷')).toBe('李 雷')
  expect(comparable('李雷')).not.toBe(comparable('李磊'))
})

it('a username stands after an @, but a deleted user has none', () => {
  expect(atName('li_lei')).toBe('@li_lei')
  expect(atName('~12')).toBe('')
})

it('a name is followed by the username only if there is one', () => {
  expect(fullName('李雷', '')).toBe(isolated('李雷'))
  expect(fullName('李雷', '@li_lei')).toBe(`${isolated('李雷')} (@li_lei)`)
})

it('a text in another direction keeps to itself', () => {
  const body = withoutDirection('\u202Etxt.exe\u2069 שלום')
  expect(isolated(body)).toBe('\u2068txt.exe שלום\u2069')
})
