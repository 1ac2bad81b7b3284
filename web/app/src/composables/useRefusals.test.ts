// Refusals for good: listed and taken back.
import { createPinia, setActivePinia } from 'pinia'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { json, personOf } from '../testing/server'
import { useRefusals } from './useRefusals'

let calls: string[] = []

beforeEach(() => {
  calls = []
  setActivePinia(createPinia())
})

afterEach(() => {
  vi.unstubAllGlobals()
})

function stub(status: number): void {
  const inviter = personOf({ id: 2, username: 'li', nickname: 'Li' })
  const refusal = { room_id: 9, name: 'room', member_count: 3, inviter, created_at: '' }
  vi.stubGlobal('fetch', (request: Request) => {
    calls.push(`${request.method} ${new URL(request.url).pathname}`)
    if (request.method === 'GET') return Promise.resolve(json({ items: [refusal], next: null }))
    return Promise.resolve(
      status === 204 ? new Response(null, { status }) : json({ detail: 'no', code: 'x' }, status),
    )
  })
}

it('a refusal that was taken back is gone from the list', async () => {
  stub(204)
  const { refusals, loading, takeBack } = useRefusals()
  await vi.waitUntil(() => !loading.value)
  expect(refusals.value.map((one) => one.room_id)).toEqual([9])
  await takeBack(9)
  expect(calls).toEqual(['GET /api/refusals', 'DELETE /api/refusals/9'])
  expect(refusals.value).toEqual([])
})

it('a refusal that could not be taken back stays in the list', async () => {
  stub(503)
  const { refusals, loading, takeBack } = useRefusals()
  await vi.waitUntil(() => !loading.value)
  await expect(takeBack(9)).rejects.toThrow('no')
  expect(refusals.value).toHaveLength(1)
})
