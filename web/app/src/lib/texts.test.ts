// Errors, rooms and entries as texts.
import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../api/client'
import { language } from '../i18n'
import { entryOf, roomOf } from '../testing/server'
import { isolated } from './people'
import { errorText, noticeText, pageTitle, preview, roomLabel, roomName, typingText } from './texts'

beforeEach(() => {
  language.value = 'en'
})

describe('an error', () => {
  it('is shown in the server’s own words', () => {
    expect(errorText(new ApiError(403, 'not_a_member', 'You are not in this room'))).toBe(
      'You are not in this room',
    )
  })

  it('without an answer says that the server cannot be reached', () => {
    expect(errorText(new ApiError(0, 'offline', ''))).toContain('cannot be reached')
  })

  it('that did not come from the API names its status', () => {
    expect(errorText(new ApiError(502, '', '502'))).toContain('502')
  })
})

describe('a notice', () => {
  it('names the new role', () => {
    const entry = entryOf(1, { kind: 'role', body: 'admin' })
    expect(noticeText(entry)).toBe(`${isolated('Li')} is now admin`)
  })

  it('distinguishes a room that was opened from one that was made private', () => {
    expect(noticeText(entryOf(1, { kind: 'open', body: 'true' }))).toContain('opened')
    expect(noticeText(entryOf(1, { kind: 'open', body: 'false' }))).toContain('private')
  })

  it('of a kind that this page does not know is empty', () => {
    expect(noticeText(entryOf(1, { kind: 'poll' as 'join' }))).toBe('')
  })
})

describe('a room', () => {
  const peer = { id: 2, username: 'li', nickname: 'Li', online: true }

  it('between two people has the other’s name', () => {
    expect(roomName(roomOf({ kind: 'dm', name: '', peer }))).toBe('Li')
  })

  it('between two people is told apart from one with somebody of the same nickname', () => {
    const impostor = { ...peer, id: 3, username: 'mallory' }
    const [label, other] = [peer, impostor].map((one) =>
      roomLabel(roomOf({ kind: 'dm', name: '', peer: one })),
    )
    expect(label).not.toBe(other)
    expect(other).toContain('@mallory')
    expect(roomLabel(roomOf({ name: 'Hiking' }))).toBe('Hiking')
  })

  it('shows its last message in one line, with the sender in a group', () => {
    const last_message = entryOf(1, { body: 'two\nlines' })
    expect(preview(roomOf({ last_message }), 1)).toBe(`${isolated('Li')}: ${isolated('two lines')}`)
    expect(preview(roomOf({ last_message }), 2)).toBe('two lines')
    expect(preview(roomOf({ last_message, kind: 'dm', peer }), 1)).toBe('two lines')
  })
})

it('one who is typing is named, and further ones are counted', () => {
  const [li, lan] = [
    { username: 'li', nickname: 'Li' },
    { username: 'han', nickname: 'Lan' },
  ]
  expect(typingText([])).toBe('')
  expect(typingText([li])).toBe(`${isolated('Li')} is typing…`)
  expect(typingText([lan])).toBe(`${isolated('Lan')} (@han) is typing…`)
  expect(typingText([li, lan])).toBe(`${isolated('Li')} and 1 more are typing…`)
})

it('the title of the window counts unread messages and names the room', () => {
  expect(pageTitle(0, '')).toBe('fastchat')
  expect(pageTitle(3, 'Hiking')).toBe('(3) Hiking · fastchat')
})
