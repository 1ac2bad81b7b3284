// Errors, rooms and entries as texts.
import { beforeEach, describe, expect, it } from 'vitest'
import { ApiError } from '../api/client'
import { language } from '../i18n'
import { entryOf, profileOf, roomOf } from '../testing/server'
import { fullName, isolated, type Names } from './people'
import { errorText, noticeText, pageTitle, preview, roomLabel, roomName, typingText } from './texts'

const nameOf = ({ nickname, nickname_taken, username }: Names): string =>
  fullName(nickname, nickname_taken ? `@${username}` : '')

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
    expect(noticeText(entry, nameOf)).toBe(`${isolated('Li')} is now admin`)
  })

  it('distinguishes a room that was opened from one that was made private', () => {
    expect(noticeText(entryOf(1, { kind: 'open', body: 'true' }), nameOf)).toContain('opened')
    expect(noticeText(entryOf(1, { kind: 'open', body: 'false' }), nameOf)).toContain('private')
  })

  it('of a kind that this page does not know is empty', () => {
    expect(noticeText(entryOf(1, { kind: 'poll' as 'join' }), nameOf)).toBe('')
  })
})

describe('a room', () => {
  const peer = profileOf({ id: 2, username: 'li', nickname: 'Li', online: true })

  it('between two people has the other’s name', () => {
    expect(roomName(roomOf({ kind: 'dm', name: '', peer }))).toBe('Li')
  })

  it('with a person whose nickname is taken has the user name, too', () => {
    const impostor = { ...peer, id: 3, username: 'mallory', nickname_taken: true }
    const [label, other] = [peer, impostor].map((one) =>
      roomLabel(roomOf({ kind: 'dm', name: '', peer: one }), nameOf),
    )
    expect(label).toBe(isolated('Li'))
    expect(other).toBe(`${isolated('Li')} (@mallory)`)
    expect(roomLabel(roomOf({ name: 'Hiking' }), nameOf)).toBe('Hiking')
  })

  it('shows its last message in one line, with the sender in a group', () => {
    const last_message = entryOf(1, { body: 'two\nlines' })
    expect(preview(roomOf({ last_message }), 1, nameOf)).toBe(
      `${isolated('Li')}: ${isolated('two lines')}`,
    )
    expect(preview(roomOf({ last_message }), 2, nameOf)).toBe('two lines')
    expect(preview(roomOf({ last_message, kind: 'dm', peer }), 1, nameOf)).toBe('two lines')
  })
})

it('one who is typing is named, and further ones are counted', () => {
  const [li, lan] = [
    { id: 2, username: 'li', nickname: 'Li' },
    { id: 3, username: 'han', nickname: 'Lan', nickname_taken: true },
  ]
  expect(typingText([], nameOf)).toBe('')
  expect(typingText([li], nameOf)).toBe(`${isolated('Li')} is typing…`)
  expect(typingText([lan], nameOf)).toBe(`${isolated('Lan')} (@han) is typing…`)
  expect(typingText([li, lan], nameOf)).toBe(`${isolated('Li')} and 1 more are typing…`)
})

it('the title of the window counts unread messages and names the room', () => {
  expect(pageTitle(0, '')).toBe('fastchat')
  expect(pageTitle(3, 'Hiking')).toBe('(3) Hiking · fastchat')
})
