// Whether everybody may sign up on this server.
import { ref } from 'vue'
import { api, call } from '../api/client'

export type Registration = 'unknown' | 'open' | 'closed'

/** Asks the server at once. If it does not answer, signing up is offered: the server refuses it if it must. */
export function useRegistration() {
  const registration = ref<Registration>('unknown')

  async function load(): Promise<void> {
    const about = await call(api.GET('/api')).catch(() => null)
    registration.value = about?.registration === 'closed' ? 'closed' : 'open'
  }

  void load()
  return registration
}
