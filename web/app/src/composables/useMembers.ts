// The members of one room, loaded page by page, and changed by those who manage it.
import { computed, ref, watch } from 'vue'
import { api, call, type Entry, type Member, type Role, type Room } from '../api/client'
import { useChat } from '../stores/chat'
import { usePeople } from '../stores/people'

const PAGE_SIZE = 100 // the server's maximum
const MEMBERS_MAX = 1_000 // more are not shown
const RANKS: Record<Role, number> = { member: 0, admin: 1, owner: 2 }

/** Is `role` above `other`? False if `role` is null: that user is not in the room. */
export const outranks = (role: Role | null, other: Role): boolean =>
  role !== null && RANKS[role] > RANKS[other]

/** Sorts the highest role first, then by display name. */
export const byRank = (a: Member, b: Member): number =>
  RANKS[b.role] - RANKS[a.role] || a.user.nickname.localeCompare(b.user.nickname)

/** Can this role rename a room, open it, and add or remove members? */
export const manages = ({ kind, role }: Pick<Room, 'kind' | 'role'>): boolean =>
  kind === 'group' && outranks(role, 'member')

/** The seq of the last entry that may have changed the members; undefined if none is loaded. */
export const lastChange = (entries: readonly Entry[]): number | undefined =>
  entries.findLast((entry) => entry.kind !== 'message')?.seq

/** Calls `then` after an entry of the room may have changed its members. */
export function onMembersChange(room: () => Room, then: () => void): void {
  const chat = useChat()
  watch(() => lastChange(chat.logs.get(room().id)?.entries ?? []), then)
}

/** `room` is a getter, so that the list follows the room shown. Every function throws an ApiError. */
export function useMembers(room: () => Room) {
  const chat = useChat()
  const people = usePeople()
  const loaded = ref<Member[]>([])
  const members = computed(() => [...loaded.value].sort(byRank))
  const canManage = computed(() => manages(room()))

  async function reload(): Promise<void> {
    const all: Member[] = []
    let cursor: number | null = null
    do {
      const query: { limit: number; cursor?: number } = { limit: PAGE_SIZE }
      if (cursor !== null) query.cursor = cursor
      const params = { path: { room_id: room().id }, query }
      const page = await call(api.GET('/api/rooms/{room_id}/members', { params }))
      all.push(...page.items)
      cursor = page.next
    } while (cursor !== null && all.length < MEMBERS_MAX)
    for (const member of all) people.meet(member.user)
    loaded.value = all
  }

  const memberOf = (user: number) => ({ params: { path: { room_id: room().id, user_id: user } } })

  async function setRole(user: number, role: 'admin' | 'member'): Promise<void> {
    const path = '/api/rooms/{room_id}/members/{user_id}'
    await call(api.PUT(path, { ...memberOf(user), body: { role } }))
    await reload()
    chat.refresh()
  }

  async function remove(user: number): Promise<void> {
    await call(api.DELETE('/api/rooms/{room_id}/members/{user_id}', memberOf(user)))
    await reload()
    chat.refresh()
  }

  onMembersChange(room, () => void reload().catch(() => undefined))

  return { members, canManage, reload, setRole, remove }
}
