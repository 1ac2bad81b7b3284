// The commands of the palette: one for every room, and the actions of the page.
import { computed, type ComputedRef } from 'vue'
import { useRouter } from 'vue-router'
import { switchLanguage, t } from '../i18n'
import type { IconName } from '../lib/icons'
import { roomLabel } from '../lib/texts'
import { useChat } from '../stores/chat'
import { usePeople } from '../stores/people'
import { useSession } from '../stores/session'
import { useUi, type Dialog } from '../stores/ui'

const FOUND_MAX = 50

export interface Command {
  key: string
  text: string
  icon: IconName
  run: () => void
}

/** The commands whose text contains what was typed. */
export function matching(commands: readonly Command[], typed: string): Command[] {
  const wanted = typed.trim().toLowerCase()
  return commands
    .filter((command) => command.text.toLowerCase().includes(wanted))
    .slice(0, FOUND_MAX)
}

export function useCommands(): ComputedRef<Command[]> {
  const chat = useChat()
  const people = usePeople()
  const session = useSession()
  const ui = useUi()
  const router = useRouter()

  const opens = (dialog: Dialog, text: string, icon: IconName): Command => ({
    key: dialog,
    text,
    icon,
    run: () => (ui.dialog = dialog),
  })
  const toRooms = (): Command[] =>
    chat.list.map((room) => ({
      key: `r${room.id}`,
      text: roomLabel(room, people.nameOf),
      icon: room.kind === 'dm' ? 'person' : 'chat',
      run: () => void router.push(`/rooms/${room.id}`),
    }))
  const toLab = (): Command => ({
    key: 'lab',
    text: t('lab'),
    icon: 'flask',
    run: () => void router.push('/lab'),
  })
  const switchesTheme = (): Command => ({
    key: 'theme',
    text: t(ui.dark ? 'themeLight' : 'themeDark'),
    icon: ui.dark ? 'sun' : 'moon',
    run: ui.switchTheme,
  })
  const switchesLanguage = (): Command => ({
    key: 'language',
    text: t('language'),
    icon: 'language',
    run: switchLanguage,
  })

  return computed(() => [
    ...toRooms(),
    opens('new-room', t('newRoom'), 'plus'),
    opens('new-dm', t('newDm'), 'person'),
    opens('browse', t('browse'), 'compass'),
    opens('account', t('account'), 'person'),
    ...(session.user?.is_admin ? [toLab()] : []),
    switchesTheme(),
    switchesLanguage(),
  ])
}
