// Drafts: text that was typed and not sent, stored for each room, so that a reload does not lose it.
import { onScopeDispose, reactive, ref, watch, type Ref } from 'vue'
import type { Room } from '../api/client'
import { keys, load, onChange, save } from '../lib/storage'
import { useSession } from '../stores/session'

export const MESSAGE_MAX = 8_000 // characters; the server's maximum

const prefixOf = (user: number) => `draft.${user}.`

/** The characters that a message still has room for; negative if it is too long. The server counts code points, too. */
export const charactersLeft = (text: string): number => MESSAGE_MAX - [...text.trim()].length

/** Can this text be sent? */
export const isSendable = (text: string): boolean => text.trim() !== '' && charactersLeft(text) >= 0

/** The draft of a room. Follows another tab while this one does not have the focus. */
export function useDraft(room: () => Room): Ref<string> {
  const session = useSession()
  const key = `${prefixOf(session.user?.id ?? 0)}${room().id}`
  const text = ref(load(key, ''))
  watch(text, (now) => save(key, now === '' ? null : now))
  onScopeDispose(
    onChange((changed) => {
      if (changed === key && !document.hasFocus()) text.value = load(key, '')
    }),
  )
  return text
}

/** The rooms with a draft, looked up whenever the room that is shown changes. */
export function useDraftRooms(shown: () => number | null): ReadonlySet<number> {
  const session = useSession()
  const rooms = reactive(new Set<number>())
  watch(
    () => [shown(), session.user?.id],
    () => {
      const prefix = prefixOf(session.user?.id ?? 0)
      rooms.clear()
      for (const key of keys(prefix)) rooms.add(Number(key.slice(prefix.length)))
    },
    { immediate: true },
  )
  return rooms
}
