// Errors and entries in words.
import { ApiError, type Entry, type Room } from '../api/client'
import { t } from '../i18n'

export function errorWords(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error)
  if (error.status === 0) return t('offlineError')
  if (error.status >= 500 && !error.code) return t('serverError', { status: error.status })
  return error.message
}

export const roomName = (room: Room): string =>
  room.kind === 'dm' ? (room.peer?.nickname ?? '') : room.name

export const roleName = (role: string | null): string =>
  role === 'owner'
    ? t('owner')
    : role === 'admin'
      ? t('admin')
      : role === 'member'
        ? t('member')
        : ''

/** What an entry that is no message tells. */
export function systemLine(entry: Entry): string {
  const values = { name: entry.sender.nickname, body: entry.body ?? '' }
  switch (entry.kind) {
    case 'join':
      return t('joinedLine', values)
    case 'leave':
      return t('leftLine', values)
    case 'rename':
      return t('renamedLine', values)
    case 'role':
      return t('roleLine', { ...values, body: roleName(entry.body) })
    case 'open':
      return t(entry.body === 'true' ? 'openedLine' : 'closedLine', values)
    default:
      return ''
  }
}

/** One line for the list of rooms. */
export function preview(room: Room, me: number): string {
  const last = room.last_message
  if (!last) return room.kind === 'dm' ? '' : t(room.open ? 'openState' : 'privateState')
  const body = (last.body ?? '').replace(/\s+/g, ' ').slice(0, 120)
  return room.kind === 'dm' || last.sender.id === me
    ? body
    : t('saidBy', { name: last.sender.nickname, body })
}
