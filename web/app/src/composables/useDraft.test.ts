// Drafts of messages.
import { createPinia, setActivePinia } from 'pinia'
import { beforeEach, expect, it } from 'vitest'
import { effectScope, nextTick, ref } from 'vue'
import { save } from '../lib/storage'
import { me, roomOf } from '../testing/server'
import { charactersLeft, isSendable, useDraft, useDraftRooms } from './useDraft'

beforeEach(() => {
  localStorage.clear()
  save('session', { token: 't', user: me })
  setActivePinia(createPinia())
})

it('characters are counted as code points, without space around them', () => {
  expect(charactersLeft(' 你好 ')).toBe(7_998)
  expect(charactersLeft('👋')).toBe(7_999)
  expect(charactersLeft('x'.repeat(8_001))).toBe(-1)
})

it('an empty text or one that is too long cannot be sent', () => {
  expect([' \n', 'x', 'x'.repeat(8_001)].map(isSendable)).toEqual([false, true, false])
})

it('a draft outlives its composer, and an empty one is forgotten', async () => {
  const scope = effectScope()
  const text = scope.run(() => useDraft(() => roomOf({ id: 7 })))!
  text.value = 'unsent'
  await nextTick()
  scope.stop()
  const again = effectScope()
  const kept = again.run(() => useDraft(() => roomOf({ id: 7 })))!
  expect(kept.value).toBe('unsent')
  const shown = ref<number | null>(null)
  const rooms = again.run(() => useDraftRooms(() => shown.value))!
  expect([...rooms]).toEqual([7])
  kept.value = ''
  await nextTick()
  shown.value = 7
  await nextTick()
  expect([...rooms]).toEqual([])
  again.stop()
})
