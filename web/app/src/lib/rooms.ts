// How entries and summaries from the server change a room.
import type { Entry, Room } from '../api/client'

const UNREAD_MAX = 99 // the server counts no further

/** The room after one more entry, as user `me` sees it. Unchanged unless the entry is the next one of its log. */
export function applied(room: Room, entry: Entry, me: number): Room {
  if (entry.seq !== room.last_seq + 1) return room
  const now = { ...room, last_seq: entry.seq, last_at: entry.created_at }
  switch (entry.kind) {
    case 'message':
      now.last_message = entry
      if (entry.sender.id !== me && entry.seq > room.read_seq)
        now.unread = Math.min(UNREAD_MAX, room.unread + 1)
      break
    case 'rename':
      now.name = entry.body ?? room.name
      break
    case 'open':
      now.open = entry.body === 'true'
      break
    case 'role':
      if (entry.sender.id === me) now.role = entry.body as Room['role']
      break
    case 'join':
    case 'leave':
      break
  }
  return now
}

/** The server's summary of a room, except where this page already knows something later. */
export function refreshed(known: Room | undefined, summary: Room): Room {
  if (!known) return summary
  const now = { ...summary }
  if (known.last_seq > summary.last_seq) {
    now.last_seq = known.last_seq
    now.last_at = known.last_at
    now.last_message = known.last_message
  }
  if (known.read_seq > summary.read_seq) {
    now.read_seq = known.read_seq
    now.unread = known.unread
  }
  return now
}

/** Sorts rooms by their latest activity, newest first. */
export const byActivity = (a: Room, b: Room): number =>
  Date.parse(b.last_at) - Date.parse(a.last_at) || b.id - a.id

const BADGE_MAX = 98

/** The number on a badge: "99+" where the server stopped counting. */
export const unreadText = (unread: number): string =>
  unread > BADGE_MAX ? `${BADGE_MAX + 1}+` : String(unread)
