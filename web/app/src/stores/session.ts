// The session of this browser. All tabs share the session through localStorage.
import { defineStore } from 'pinia'
import { computed, ref } from 'vue'
import { api, call, setToken, type Me, type Session } from '../api/client'
import { deviceName } from '../lib/device'
import { load, onChange, save } from '../lib/storage'

interface StoredSession {
  token: string
  user: Me
}

const SIGN_OUT_WAIT_MS = 1_500 // for the server; after that the token is at least gone from here

export const useSession = defineStore('session', () => {
  const stored = ref(load<StoredSession | null>('session', null))
  const user = computed(() => stored.value?.user ?? null)
  const signedIn = computed(() => stored.value !== null)
  const expired = ref(false) // the server ended the session, not the user

  function store(value: StoredSession | null): void {
    setToken(value?.token ?? null, expire)
    save('session', value)
    stored.value = value
  }

  /** The server no longer accepts the token. */
  function expire(): void {
    if (!stored.value) return
    expired.value = true
    store(null)
  }

  function setUser(me: Me): void {
    if (stored.value) store({ ...stored.value, user: me })
  }

  async function signIn(username: string, password: string): Promise<void> {
    const body = { username, password, device: deviceName(navigator.userAgent) }
    const made = await call(api.POST('/api/sessions', { body }))
    expired.value = false
    store({ token: made.token, user: made.user })
  }

  /** Creates an account; does not sign in. An empty nickname means the username. */
  async function signUp(username: string, password: string, nickname: string): Promise<void> {
    const body = nickname ? { username, password, nickname } : { username, password }
    await call(api.POST('/api/users', { body }))
  }

  async function signOut(): Promise<void> {
    const ending = call(api.DELETE('/api/sessions/current')).catch(() => undefined)
    await Promise.race([ending, new Promise((resolve) => setTimeout(resolve, SIGN_OUT_WAIT_MS))])
    expired.value = false
    store(null)
  }

  async function rename(nickname: string): Promise<void> {
    setUser(await call(api.PATCH('/api/users/me', { body: { nickname } })))
  }

  /** Ends all other sessions of this user, too. */
  async function changePassword(old_password: string, password: string): Promise<void> {
    await call(api.PUT('/api/users/me/password', { body: { old_password, password } }))
  }

  /** Loads this user again: an operator may have made it an admin. */
  async function refresh(): Promise<void> {
    setUser(await call(api.GET('/api/users/me')))
  }

  /** The sessions of this user, on all devices. */
  async function listDevices(): Promise<Session[]> {
    return (await call(api.GET('/api/sessions', {}))).items
  }

  /** Signs another device out. */
  async function endDevice(id: number): Promise<void> {
    await call(api.DELETE('/api/sessions/{session_id}', { params: { path: { session_id: id } } }))
  }

  setToken(stored.value?.token ?? null, expire)
  onChange((key) => {
    if (key !== 'session') return
    stored.value = load<StoredSession | null>('session', null)
    setToken(stored.value?.token ?? null, expire)
  })

  return {
    user,
    signedIn,
    expired,
    signIn,
    signUp,
    signOut,
    rename,
    changePassword,
    refresh,
    listDevices,
    endDevice,
  }
})
