// The interface between the chat store, which knows what the page has, and a transport, which brings what it lacks.
import type { Entry, SyncPage } from '../api/client'
import type { EphemeralEvent } from './events'

/** How far the page has a room: an entry's seq, and its time in ms (0: not known), which tells a restored room. */
export interface Mark {
  seq: number
  at: number
}

export type Marks = Record<string, Mark>

/** Implemented by the store. */
export interface Source {
  /** For each room, the entry up to which none is missing. */
  marks(): Marks
  /** A sync of all rooms begins. */
  beginSync(): void
  /** Applies what a sync brought. `complete`: with it, all rooms since beginSync() were compared. */
  applyPage(page: SyncPage, complete: boolean): void
  /** Applies an entry of the stream. Returns false if an entry before it is missing: then a sync is needed. */
  applyEntry(entry: Entry): boolean
  applyEphemeral(event: EphemeralEvent): void
  /** Reports whether the server can be reached. */
  setConnected(connected: boolean): void
}

export interface Transport {
  start(source: Source): void
  stop(): void
  /** Syncs at once: something may be new. */
  refresh(): void
}
