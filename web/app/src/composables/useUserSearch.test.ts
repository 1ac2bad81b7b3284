// Finding users.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { effectScope, ref } from 'vue'
import { save } from '../lib/storage'
import { usePeople } from '../stores/people'
import { json, me } from '../testing/server'
import { onlyOne, searchedText, useUserSearch } from './useUserSearch'

let queries: (string | null)[] = []

beforeEach(() => {
  vi.useFakeTimers()
  localStorage.clear()
  save('session', { token: 't', user: me })
  queries = []
  vi.stubGlobal('fetch', (request: Request) => {
    queries.push(new URL(request.url).searchParams.get('q'))
    const items = [me, { ...me, id: 2, username: 'mei' }]
    return Promise.resolve(json({ items, next: null }))
  })
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('a search begins after a pause in typing, and finds others only', async () => {
  const text = ref('')
  const scope = effectScope()
  const { users, searched } = scope.run(() => useUserSearch(text))!
  text.value = 'm'
  await vi.advanceTimersByTimeAsync(100)
  text.value = 'me '
  await vi.advanceTimersByTimeAsync(300)
  expect(queries).toEqual(['me'])
  expect(users.value.map((user) => user.username)).toEqual(['mei'])
  text.value = ''
  await vi.advanceTimersByTimeAsync(300)
  expect([users.value, searched.value]).toEqual([[], false])
  scope.stop()
})

it('a search goes on after a page on which nobody was found', async () => {
  vi.stubGlobal('fetch', (request: Request) => {
    const cursor = new URL(request.url).searchParams.get('cursor')
    const mei = { ...me, id: 2, username: 'mei' }
    return Promise.resolve(json(cursor ? { items: [mei], next: null } : { items: [], next: '#9' }))
  })
  const text = ref('')
  const scope = effectScope()
  const { users } = scope.run(() => useUserSearch(text))!
  text.value = 'm'
  await vi.advanceTimersByTimeAsync(300)
  expect(users.value.map((user) => user.username)).toEqual(['mei'])
  scope.stop()
})

it('a search shows the user names of two people with one nickname', async () => {
  const found = [2, 3].map((id) => ({ ...me, id, username: `mei${id}`, nickname: 'Mei' }))
  vi.stubGlobal('fetch', () => Promise.resolve(json({ items: found, next: null })))
  const text = ref('')
  const scope = effectScope()
  scope.run(() => useUserSearch(text))
  text.value = 'm'
  await vi.advanceTimersByTimeAsync(300)
  expect(found.map(usePeople().handle)).toEqual(['@mei2', '@mei3'])
  scope.stop()
})

it('no search begins after the end of the search field', async () => {
  const text = ref('')
  const scope = effectScope()
  scope.run(() => useUserSearch(text))
  text.value = 'm'
  await vi.advanceTimersByTimeAsync(100)
  scope.stop()
  await vi.advanceTimersByTimeAsync(300)
  expect(queries).toEqual([])
})

it('a username is searched without the @ that stands before it', () => {
  expect(searchedText(' @li_lei ')).toBe('li_lei')
  expect(searchedText('li@lei')).toBe('li@lei')
  expect(searchedText('@')).toBe('@')
})

it('Enter chooses a result only if it is the only one', () => {
  expect(onlyOne([1])).toBe(1)
  expect(onlyOne([1, 2])).toBeNull()
  expect(onlyOne([])).toBeNull()
})
