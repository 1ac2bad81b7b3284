// What entries and summaries say of a room. Pure functions, so that they can be tested.
import type { Entry, Room } from '../api/client'

export const unreadMost = 99 // the server counts no further

/** The room after one more entry, as user `me` sees it. */
export function applied(room: Room, entry: Entry, me: number): Room {
  if (entry.seq !== room.last_seq + 1) return room // known, or behind a hole that is still to be filled
  const now = { ...room, last_seq: entry.seq, last_at: entry.created_at }
  switch (entry.kind) {
    case 'message':
      now.last_message = entry
      if (entry.sender.id !== me && entry.seq > room.read_seq)
        now.unread = Math.min(unreadMost, room.unread + 1)
      break
    case 'rename':
      now.name = entry.body ?? room.name
      break
    case 'open':
      now.open = entry.body === 'true'
      break
    case 'role':
      if (entry.sender.id === me) now.role = entry.body as Room['role']
  }
  return now
}

/** A room as the server tells of it now, without losing what this page knows to be later than that. */
export function refreshed(known: Room | undefined, told: Room): Room {
  if (!known) return told
  const now = { ...told }
  if (known.last_seq > told.last_seq) {
    now.last_seq = known.last_seq
    now.last_at = known.last_at
    now.last_message = known.last_message
  }
  if (known.read_seq > told.read_seq) {
    now.read_seq = known.read_seq
    now.unread = known.unread
  }
  return now
}

/** Latest activity first. */
export const byActivity = (a: Room, b: Room): number =>
  Date.parse(b.last_at) - Date.parse(a.last_at) || b.id - a.id
