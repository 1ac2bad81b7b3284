// Telling people apart.
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, describe, expect, it } from 'vitest'
import { computed } from 'vue'
import { isolated, type Names } from '../lib/people'
import { entryOf, roomOf } from '../testing/server'
import { usePeople } from './people'

const li: Names = { id: 2, username: 'li_lei', nickname: '李雷' }
const han: Names = { id: 3, username: 'han', nickname: '韩梅梅' }

beforeEach(() => {
  setActivePinia(createPinia())
})

describe('a person', () => {
  it('is shown by the nickname alone as long as nobody else has it', () => {
    const people = usePeople()
    people.meet(li)
    people.meet(han)
    expect([people.handle(li), people.handle(han)]).toEqual(['', ''])
    expect(people.nameOf(li)).toBe(isolated('李雷'))
  })

  it('is shown with the username as soon as another with the same nickname is seen', () => {
    const people = usePeople()
    people.meet(li)
    const shown = computed(() => people.nameOf(li))
    expect(shown.value).toBe(isolated('李雷'))
    const other = { ...han, nickname: '李雷' }
    people.meet(other)
    expect(shown.value).toBe(`${isolated('李雷')} (@li_lei)`)
    expect(people.handle(other)).toBe('@han')
  })

  it('is shown with the username if the nickname looks like that of another', () => {
    const people = usePeople()
    const latin = { ...li, nickname: 'paypal', skeleton: 'paypal' }
    const mixed = { ...han, nickname: 'p\u0430ypal', skeleton: 'paypal' }
    people.meet(latin)
    people.meet(mixed)
    expect([people.handle(latin), people.handle(mixed)]).toEqual(['@li_lei', '@han'])
    const asSender = { id: mixed.id, username: mixed.username, nickname: mixed.nickname }
    expect(people.handle(asSender)).toBe('@han')
  })

  it('is shown with the username if the nickname is the username of another who was seen', () => {
    const people = usePeople()
    const impostor = { ...han, nickname: 'Li_Lei' }
    people.meet(li)
    people.meet(impostor)
    expect(people.handle(impostor)).toBe('@han')
    expect(people.handle(li)).toBe('')
  })

  it('is shown with the username if the server knows that it is that of another', () => {
    expect(usePeople().handle({ ...han, nickname: 'admin', nickname_taken: true })).toBe('@han')
  })

  it('whose nickname is the own username is named once', () => {
    const people = usePeople()
    const mei = { id: 4, username: 'Mei', nickname: 'mei' }
    people.meet(mei)
    people.meet({ ...han, nickname: 'mei' })
    expect(people.handle(mei)).toBe('')
  })

  it('who was deleted has no username', () => {
    const people = usePeople()
    const gone = (id: number) => ({ id, username: `~${id}`, nickname: '已注销用户' })
    people.meet(gone(5))
    people.meet(gone(6))
    expect(people.handle(gone(5))).toBe('')
  })

  it('is met in rooms and logs', () => {
    const people = usePeople()
    const peer = { id: 5, username: 'a', nickname: 'Li', skeleton: 'li', nickname_taken: false }
    people.meetIn(roomOf({ kind: 'dm', peer: { ...peer, online: false } }))
    const sender = { id: 6, username: 'b', nickname: 'LI', nickname_taken: false }
    expect(people.handle(peer)).toBe('')
    people.meetSenders([entryOf(1, { sender })])
    expect([people.handle(peer), people.handle(sender)]).toEqual(['@a', '@b'])
  })
})
