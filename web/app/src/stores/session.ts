// Who is signed in on this browser. All tabs agree, by way of the storage.
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, call, useToken, type User } from '../api/client'
import { load, onChange, save } from '../lib/storage'

interface Kept {
  token: string
  user: User
}

/** "Chrome · Windows", for the list of devices. */
function deviceName(): string {
  const agent = navigator.userAgent
  const browser = /Edg\//.test(agent) ? 'Edge' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : 'Browser'
  const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Windows/.test(agent) ? 'Windows' : /Mac OS/.test(agent) ? 'macOS' : /Linux/.test(agent) ? 'Linux' : ''
  return system ? `${browser} · ${system}` : browser
}

export const useSession = defineStore('session', () => {
  const kept = ref<Kept | null>(load<Kept | null>('session', null))
  const user = computed(() => kept.value?.user ?? null)
  const signedIn = computed(() => kept.value !== null)
  const ended = ref(false) // by the server, not by the user

  function keep(value: Kept | null): void {
    kept.value = value
    save('session', value)
    useToken(value?.token ?? null, forget)
  }

  /** The token is worth nothing any more. */
  function forget(): void {
    if (!kept.value) return
    ended.value = true
    keep(null)
  }

  async function signIn(username: string, password: string): Promise<void> {
    const made = await call(api.POST('/api/sessions', { body: { username, password, device: deviceName() } }))
    ended.value = false
    keep({ token: made.token, user: made.user })
  }

  async function signUp(username: string, password: string, nickname: string): Promise<void> {
    await call(api.POST('/api/users', { body: nickname ? { username, password, nickname } : { username, password } }))
    await signIn(username, password)
  }

  async function signOut(): Promise<void> {
    const leaving = call(api.DELETE('/api/sessions/current'))
    await leaving.catch(() => undefined) // offline: the token is at least gone from here
    keep(null)
  }

  async function rename(nickname: string): Promise<void> {
    const changed = await call(api.PATCH('/api/users/me', { body: { nickname } }))
    if (kept.value) keep({ ...kept.value, user: changed })
  }

  useToken(kept.value?.token ?? null, forget)
  onChange((key) => {
    if (key !== 'session') return
    kept.value = load<Kept | null>('session', null)
    useToken(kept.value?.token ?? null, forget)
  })

  return { user, signedIn, ended, signIn, signUp, signOut, rename }
})
