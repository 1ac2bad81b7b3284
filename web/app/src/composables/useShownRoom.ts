// Opens the room that the address names. A room that the user is not in is offered to join instead.
import { ref, watch } from 'vue'
import { useRouter } from 'vue-router'
import { ApiError, type Room } from '../api/client'
import { t } from '../i18n'
import { errorText, roomLabel } from '../lib/texts'
import { goUp } from '../router'
import { useChat } from '../stores/chat'
import { usePeople } from '../stores/people'
import { useSession } from '../stores/session'
import { useUi } from '../stores/ui'

/** What to do about a room that cannot be opened. */
export type OpenFailure = 'leave' | 'sign-in' | 'retry'

export function openFailure(error: unknown): OpenFailure {
  const status = error instanceof ApiError ? error.status : 0
  if (status === 403 || status === 404) return 'leave'
  return status === 401 ? 'sign-in' : 'retry'
}

/** `id` is a getter for the id in the address; null: none. */
export function useShownRoom(id: () => number | null) {
  const chat = useChat()
  const people = usePeople()
  const session = useSession()
  const ui = useUi()
  const router = useRouter()
  const offered = ref<Room | null>(null) // an open room that the user is not in
  const problem = ref('') // why the room could not be loaded

  async function show(): Promise<void> {
    const wanted = id()
    offered.value = null
    problem.value = ''
    if (wanted === null) {
      chat.active = null
      return
    }
    try {
      const offer = await chat.open(wanted)
      if (id() === wanted) offered.value = offer
    } catch (error) {
      if (id() === wanted) showFailure(error)
    }
  }

  function showFailure(error: unknown): void {
    switch (openFailure(error)) {
      case 'leave':
        ui.showError(errorText(error))
        goUp('/')
        break
      case 'retry':
        problem.value = errorText(error)
        break
      case 'sign-in':
        break // App.vue shows the sign-in page
    }
  }

  watch([id, () => session.user?.id], show, { immediate: true })
  watch(
    () => chat.online,
    (online) => {
      if (online && problem.value) void show()
    },
  )
  watch(
    () => chat.restored,
    (restored) => {
      if (!restored) return
      ui.showError(t('restoredRoom', { name: roomLabel(restored, people.nameOf) }))
      chat.restored = null
    },
  )
  watch(
    () => chat.lost,
    (lost) => {
      if (!lost) return
      ui.showError(t('lostRoom', { name: roomLabel(lost, people.nameOf) }))
      chat.lost = null
      void router.replace('/')
    },
  )

  return { offered, problem, show }
}
