// Errors, rooms and entries as texts in the page's language.
import { ApiError, type Entry, type EntryKind, type Role, type Room } from '../api/client'
import { t, type MessageKey } from '../i18n'
import { isolated, withoutDirection, type NameOf, type Names } from './people'

const PREVIEW_MAX = 120 // characters; the list cuts them to its width

/** The text for a failed call: the server's own if there is one. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error)
  if (error.status === 0) return t('offlineError')
  if (error.status >= 500 && !error.code) return t('serverError', { status: error.status })
  return error.message
}

/** The name of a room; that of a direct room is the other person's. */
export const roomName = (room: Room): string =>
  room.kind === 'dm' ? (room.peer?.nickname ?? '') : room.name

/** A room among others: a direct room has the username, too, if it tells the other person apart. */
export const roomLabel = (room: Room, nameOf: NameOf): string =>
  room.peer ? nameOf(room.peer) : roomName(room)

const ROLE_NAMES: Record<Role, MessageKey> = { owner: 'owner', admin: 'admin', member: 'member' }

export const roleName = (role: Role): string => t(ROLE_NAMES[role])

/** The body of a `role` entry as a text; "" for a role that this page does not know. */
const roleNameOf = (body: string | null): string =>
  body !== null && Object.hasOwn(ROLE_NAMES, body) ? roleName(body as Role) : ''

type Values = { name: string; body: string }

const ENTRY_TEXTS: Record<EntryKind, (values: Values, body: string | null) => string> = {
  message: () => '',
  join: (values) => t('joinedLine', values),
  leave: (values) => t('leftLine', values),
  rename: (values) => t('renamedLine', values),
  role: (values, body) => t('roleLine', { ...values, body: roleNameOf(body) }),
  open: (values, body) => t(body === 'true' ? 'openedLine' : 'closedLine', values),
}

/** The notice for an entry that is not a message: "Li joined". "" for a kind that only a newer page knows. */
export function noticeText(entry: Entry, nameOf: NameOf): string {
  if (!Object.hasOwn(ENTRY_TEXTS, entry.kind)) return ''
  const values = {
    name: nameOf(entry.sender),
    body: isolated(withoutDirection(entry.body ?? '')),
  }
  return ENTRY_TEXTS[entry.kind](values, entry.body)
}

/** A message with its sender, as it is read aloud. */
export const entryText = ({ sender, body }: Entry, nameOf: NameOf): string =>
  t('saidBy', { name: nameOf(sender), body: isolated(withoutDirection(body ?? '')) })

/** "Li is typing…", or how many others are; "" if nobody is. */
export function typingText(typists: readonly Names[], nameOf: NameOf): string {
  const [first, ...others] = typists
  if (!first) return ''
  const key = others.length === 0 ? 'isTyping' : 'areTyping'
  return t(key, { name: nameOf(first), count: others.length })
}

/** The last message of a room in one line, for the list of rooms. */
export function preview(room: Room, me: number, nameOf: NameOf): string {
  const last = room.last_message
  if (!last) return room.kind === 'dm' ? '' : t(room.open ? 'openState' : 'privateState')
  const body = withoutDirection((last.body ?? '').replace(/\s+/g, ' ').slice(0, PREVIEW_MAX))
  const isPlain = room.kind === 'dm' || last.sender.id === me
  return isPlain ? body : t('saidBy', { name: nameOf(last.sender), body: isolated(body) })
}

/** The title of the window: "(3) Hiking · fastchat". */
export const pageTitle = (unread: number, place: string): string =>
  `${unread > 0 ? `(${unread}) ` : ''}${place ? `${place} · ` : ''}fastchat`
