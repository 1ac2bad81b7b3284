// Telling people apart.
import { describe, expect, it } from 'vitest'
import { atName, handle, isolated, personName, withoutDirection } from './people'

const li = { id: 2, username: 'li_lei', nickname: '李雷' }
const impostor = { id: 3, username: 'mallory', nickname: 'li_lei' }

describe('a person', () => {
  it('has the username beside the nickname', () => {
    expect(handle(li)).toBe('@li_lei')
  })

  it('is shown with the username if the nickname is another’s username', () => {
    expect(handle(impostor)).toBe('@mallory')
    expect(personName(impostor)).not.toBe(personName({ ...impostor, username: 'li_lei' }))
  })

  it('is shown with the username if another has the same nickname', () => {
    expect(personName(li)).not.toBe(personName({ ...impostor, nickname: li.nickname }))
  })

  it('whose nickname is the username is named once', () => {
    expect(handle({ username: 'Mei', nickname: 'mei' })).toBe('')
    expect(personName({ username: 'Mei', nickname: 'mei' })).toBe(isolated('mei'))
  })

  it('who was deleted has no username', () => {
    expect(handle({ username: '~12', nickname: '已注销用户 (deleted user)' })).toBe('')
    expect(atName('~12')).toBe('')
  })
})

it('a text in another direction keeps to itself', () => {
  const body = withoutDirection('\u202Etxt.exe\u2069 שלום')
  expect(isolated(body)).toBe('\u2068txt.exe שלום\u2069')
})
