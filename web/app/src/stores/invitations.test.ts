// Invitations: loaded, announced, and answered.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Invitation } from '../api/client'
import { json, personOf, roomOf } from '../testing/server'
import { useInvitations } from './invitations'
import { usePresence } from './presence'

const invitationOf = (room_id: number): Invitation => ({
  room_id,
  name: `room ${room_id}`,
  member_count: 3,
  inviter: personOf({ id: 2, username: 'li', nickname: 'Li' }),
  created_at: '2026-01-01T00:00:00.000Z',
})

let items: Invitation[] = []
let calls: string[] = []

beforeEach(() => {
  items = [invitationOf(9), invitationOf(7)]
  calls = []
  vi.stubGlobal('fetch', (request: Request) => {
    const { pathname, search } = new URL(request.url)
    calls.push(`${request.method} ${pathname}${search}`)
    if (request.method === 'DELETE') return Promise.resolve(new Response(null, { status: 204 }))
    return Promise.resolve(
      json(request.method === 'GET' ? { items, next: null } : roomOf({ id: 9 })),
    )
  })
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.unstubAllGlobals()
})

const shown = () => useInvitations().waiting.map((one) => one.room_id)

it('an accepted invitation gives the room, and is over', async () => {
  const invitations = useInvitations()
  await invitations.load()
  expect(shown()).toEqual([9, 7])
  expect((await invitations.accept(9)).id).toBe(9)
  expect(calls.at(-1)).toBe('POST /api/invitations/9/accept')
  expect(shown()).toEqual([7])
})

it('an invitation is refused once or for good', async () => {
  const invitations = useInvitations()
  await invitations.load()
  await invitations.refuse(9, false)
  await invitations.refuse(7, true)
  expect(calls.slice(1)).toEqual([
    'DELETE /api/invitations/9?forever=false',
    'DELETE /api/invitations/7?forever=true',
  ])
  expect(shown()).toEqual([])
})

it('an invitation that is announced is loaded', async () => {
  await useInvitations().load()
  items = [invitationOf(12), ...items]
  usePresence().apply({ name: 'invitation', data: { room_id: 12 } })
  await vi.waitFor(() => expect(shown()).toEqual([12, 9, 7]))
})
