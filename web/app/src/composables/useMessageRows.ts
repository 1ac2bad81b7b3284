// The rows of a room's message list, with the divider above the first unread message.
import { computed, ref } from 'vue'
import type { Entry, Room } from '../api/client'
import { pending, toRows } from '../lib/rows'
import { useOutbox } from '../stores/outbox'
import type { Log } from '../stores/rooms'
import { useSession } from '../stores/session'

/** The seq of my last message, below which its readers are shown. */
export const lastOwnSeq = (entries: readonly Entry[], me: number): number | undefined =>
  entries.findLast((entry) => entry.kind === 'message' && entry.sender.id === me)?.seq

/** The room is the one that was shown first: a message list belongs to one room. */
export function useMessageRows(room: () => Room, log: () => Log) {
  const outbox = useOutbox()
  const session = useSession()
  const me = computed(() => session.user?.id ?? 0)
  /** The seq after which the divider stands; null: there is no divider. */
  const readTo = ref(room().unread > 0 ? room().read_seq : null)
  const rows = computed(() => {
    const { entries, complete } = log()
    const outgoing = pending(outbox.items, room().id, entries, me.value)
    return toRows({ entries, outgoing, complete, readTo: readTo.value, me: me.value })
  })
  const lastOwn = computed(() => lastOwnSeq(log().entries, me.value))
  return { me, readTo, rows, lastOwn }
}
