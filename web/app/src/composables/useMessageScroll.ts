// The scroll position of a message list. It begins at the first unread message, or else at the end; follows the end
// while the reader is there; and keeps its place when older messages are loaded. Messages that were
// seen are marked as read.
import type { VListHandle } from 'virtua/vue'
import { nextTick, onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue'
import type { Room } from '../api/client'
import type { Row } from '../lib/rows'
import { useChat } from '../stores/chat'
import type { Log } from '../stores/rooms'
import { useUi } from '../stores/ui'
import { usePageFocus } from './usePageFocus'

const END_PX = 120 // this close to the end counts as being there
const LOAD_OLDER_PX = 800 // this close to the beginning, older messages are loaded

/** The position of a list, in pixels. */
export type Position = Pick<VListHandle, 'scrollSize' | 'scrollOffset' | 'viewportSize'>

export const isAtEnd = ({ scrollSize, scrollOffset, viewportSize }: Position): boolean =>
  scrollSize - scrollOffset - viewportSize < END_PX

/** Should the page before the oldest entry be loaded? */
export const needsOlder = (
  { scrollOffset }: Pick<Position, 'scrollOffset'>,
  { complete, loading }: Pick<Log, 'complete' | 'loading'>,
): boolean => scrollOffset <= LOAD_OLDER_PX && !complete && !loading

/**
 * Where the divider stands after a new last row. A message of mine removes it. A message that the reader does not see
 * puts it after the last read entry, unless there is a divider already.
 */
export function dividerAfter(
  readTo: number | null,
  { own, seen, readSeq }: { own: boolean; seen: boolean; readSeq: number },
): number | null {
  if (own) return null
  return seen ? readTo : (readTo ?? readSeq)
}

interface MessageScroll {
  room: () => Room
  log: () => Log
  rows: Ref<Row[]>
  readTo: Ref<number | null>
  list: Ref<VListHandle | undefined>
  frame: Ref<HTMLElement | undefined>
}

export function useMessageScroll({ room, log, rows, readTo, list, frame }: MessageScroll) {
  const chat = useChat()
  const ui = useUi()
  const atEnd = ref(true)
  const settled = ref(false) // the list has found its first position
  const prepending = ref(false) // rows are added above: the list keeps the place of those shown

  const isWatched = usePageFocus(() => {
    if (!isWatched() && room().unread === 0) readTo.value = null
    markReadIfSeen()
  })

  function scrollToEnd(): void {
    if (rows.value.length > 0) list.value?.scrollToIndex(rows.value.length - 1, { align: 'end' })
  }

  function markReadIfSeen(): void {
    if (settled.value && atEnd.value && isWatched()) void chat.markRead(room().id)
  }

  /** Loads pages until the list is far enough from its beginning. */
  async function loadOlderIfNear(): Promise<void> {
    if (!list.value || !settled.value || !needsOlder(list.value, log())) return
    if (!(await ui.attempt(() => chat.loadOlder(room().id)))) return
    await nextTick()
    requestAnimationFrame(() => void loadOlderIfNear())
  }

  function onScroll(): void {
    if (!list.value || !settled.value) return
    atEnd.value = isAtEnd(list.value)
    void loadOlderIfNear()
    markReadIfSeen()
  }

  watch(
    () => log().entries[0]?.seq,
    async () => {
      prepending.value = true
      await nextTick()
      prepending.value = false
    },
  )

  watch(
    () => rows.value.at(-1)?.key,
    async () => {
      const own = rows.value.at(-1)?.outgoing !== undefined
      const seen = isWatched() && atEnd.value
      readTo.value = dividerAfter(readTo.value, { own, seen, readSeq: room().read_seq })
      if (!atEnd.value && !own) return
      await nextTick()
      scrollToEnd()
      markReadIfSeen()
    },
  )

  // The frame shrinks when a keyboard opens or the composer grows.
  const resizing = new ResizeObserver(() => {
    if (settled.value && atEnd.value) scrollToEnd()
  })

  onMounted(async () => {
    if (frame.value) resizing.observe(frame.value)
    await nextTick()
    const unread = rows.value.findIndex((row) => row.divider)
    if (unread >= 0) list.value?.scrollToIndex(unread, { align: 'start' })
    else scrollToEnd()
    requestAnimationFrame(() =>
      requestAnimationFrame(() => {
        settled.value = true
        onScroll()
      }),
    )
  })

  onBeforeUnmount(() => resizing.disconnect())

  return { atEnd, prepending, scrollToEnd, onScroll }
}
