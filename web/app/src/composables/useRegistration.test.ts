// Whether signing up is offered.
import { afterEach, expect, it, vi } from 'vitest'
import { json } from '../testing/server'
import { useRegistration } from './useRegistration'

afterEach(() => {
  vi.unstubAllGlobals()
})

async function told(answer: () => Promise<Response>): Promise<string> {
  vi.stubGlobal('fetch', answer)
  const registration = useRegistration()
  expect(registration.value).toBe('unknown')
  await vi.waitUntil(() => registration.value !== 'unknown')
  return registration.value
}

const about = (registration: string) => () =>
  Promise.resolve(json({ title: 'fastchat api', registration }))

it('signing up is offered only where the server is open to everybody', async () => {
  expect(await told(about('open'))).toBe('open')
  expect(await told(about('closed'))).toBe('closed')
})

it('signing up is offered if the server does not answer', async () => {
  expect(await told(() => Promise.reject(new TypeError('no network')))).toBe('open')
})
