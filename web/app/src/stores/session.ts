// Who is signed in on this browser. All tabs agree, by way of the storage.
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, call, useToken, type Me } from '../api/client'
import { load, onChange, save } from '../lib/storage'

interface Kept {
  token: string
  user: Me
}

const goodbye = 1500 // milliseconds that signing out waits for the server

const browsers: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/MicroMessenger/, 'WeChat'],
  [/Firefox\//, 'Firefox'],
  [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
]
const systems: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS/, 'macOS'],
  [/Linux/, 'Linux'],
]

/** "Chrome · Windows", for the list of devices. */
function deviceName(): string {
  const named = (names: [RegExp, string][]) =>
    names.find(([sign]) => sign.test(navigator.userAgent))?.[1]
  return [named(browsers), named(systems)].filter(Boolean).join(' · ') || 'Browser'
}

export const useSession = defineStore('session', () => {
  const kept = ref<Kept | null>(load<Kept | null>('session', null))
  const user = computed(() => kept.value?.user ?? null)
  const signedIn = computed(() => kept.value !== null)
  const ended = ref(false) // by the server, not by the user

  function keep(value: Kept | null): void {
    useToken(value?.token ?? null, forget)
    save('session', value)
    kept.value = value
  }

  /** The token is worth nothing any more. */
  function forget(): void {
    if (!kept.value) return
    ended.value = true
    keep(null)
  }

  async function signIn(username: string, password: string): Promise<void> {
    const made = await call(
      api.POST('/api/sessions', { body: { username, password, device: deviceName() } }),
    )
    ended.value = false
    keep({ token: made.token, user: made.user })
  }

  async function signUp(username: string, password: string, nickname: string): Promise<void> {
    await call(
      api.POST('/api/users', {
        body: nickname ? { username, password, nickname } : { username, password },
      }),
    )
  }

  async function signOut(): Promise<void> {
    const leaving = call(api.DELETE('/api/sessions/current')).catch(() => undefined) // offline: the token is at least gone from here
    await Promise.race([leaving, new Promise((resolve) => setTimeout(resolve, goodbye))])
    ended.value = false
    keep(null)
  }

  async function rename(nickname: string): Promise<void> {
    const changed = await call(api.PATCH('/api/users/me', { body: { nickname } }))
    if (kept.value) keep({ ...kept.value, user: changed })
  }

  /** What the server says of me now: an operator may have made me an admin. */
  async function refresh(): Promise<void> {
    const user = await call(api.GET('/api/users/me'))
    if (kept.value) keep({ ...kept.value, user })
  }

  useToken(kept.value?.token ?? null, forget)
  onChange((key) => {
    if (key !== 'session') return
    kept.value = load<Kept | null>('session', null)
    useToken(kept.value?.token ?? null, forget)
  })

  return { user, signedIn, ended, signIn, signUp, signOut, rename, refresh }
})
