// Finding users by a part of their nickname or username, while it is being typed.
import { onScopeDispose, ref, watch, type Ref } from 'vue'
import { api, call, type User } from '../api/client'
import { errorText } from '../lib/texts'
import { usePeople } from '../stores/people'
import { useSession } from '../stores/session'

const TYPING_PAUSE_MS = 200 // a search begins after such a pause
const SHOWN_MIN = 10 // further pages are loaded until so many users were found
const PAGES_MAX = 5 // of one search: a page may have few users, although others follow

/** The only one of some users, or null. */
export const onlyOne = <T>(users: readonly T[]): T | null => (users.length === 1 ? users[0]! : null)

/** The first users that match. A page may be short or empty although others follow. */
async function findUsers(q: string): Promise<User[]> {
  const found: User[] = []
  let cursor: string | null = null
  for (let page = 0; page < PAGES_MAX && found.length < SHOWN_MIN; page++) {
    const query: { q: string; cursor?: string } = cursor === null ? { q } : { q, cursor }
    const { items, next } = await call(api.GET('/api/users', { params: { query } }))
    found.push(...items)
    if (next === null) break
    cursor = next
  }
  return found
}

/** The text to search for. A username may be typed as the page shows it, with "@" before it. */
export const searchedText = (typed: string): string => typed.trim().replace(/^@(?=.)/u, '')

/** Searches for `text` whenever it changes. The user who searches is never among the results. */
export function useUserSearch(text: Ref<string>) {
  const session = useSession()
  const people = usePeople()
  const users = ref<User[]>([])
  const searched = ref(false) // the results are those of a search, not of an empty text
  const error = ref('')
  let timer: ReturnType<typeof setTimeout> | undefined
  let latest = 0 // answers to earlier searches are ignored

  async function search(q: string): Promise<void> {
    const search = ++latest
    try {
      const found = await findUsers(q)
      if (search !== latest) return
      for (const user of found) people.meet(user)
      users.value = found.filter((user) => user.id !== session.user?.id)
      error.value = ''
    } catch (failure) {
      if (search === latest) error.value = errorText(failure)
    }
    searched.value = true
  }

  function clear(): void {
    latest++
    users.value = []
    searched.value = false
  }

  watch(text, (now) => {
    clearTimeout(timer)
    const q = searchedText(now)
    if (q === '') clear()
    else timer = setTimeout(() => void search(q), TYPING_PAUSE_MS)
  })
  onScopeDispose(() => clearTimeout(timer))

  return { users, searched, error }
}
