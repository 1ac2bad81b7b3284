// How new entries reach the page. The store says what it has; a transport brings what it lacks.
import type { Entry } from '../api/client'
import type { components } from '../api/schema'

export type Page = components['schemas']['Sync']

/** What has no place in a room's log, and may be lost. */
export type Signal =
  | { name: 'typing'; data: { room_id: number; user: { id: number; nickname: string } } }
  | { name: 'presence'; data: { user_id: number; online: boolean } }
  | { name: 'task'; data: { id: number; kind: string; state: string } }
  | { name: 'read'; data: { room_id: number; user_id: number; read_seq: number } }

export interface Source {
  /** For each room, the seq up to which nothing is missing. */
  marks(): Record<string, number>
  /** Take a page in. */
  take(page: Page): void
  /** Take an entry in that came by itself. False: something before it is missing. */
  entry(entry: Entry): boolean
  signal(signal: Signal): void
  /** Is the server reached? */
  connected(is: boolean): void
}

export interface Transport {
  start(source: Source): void
  stop(): void
  /** Something may be new: look at once. */
  poke(): void
}
