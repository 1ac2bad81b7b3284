// The interface between the chat store, which knows what the page has, and a transport, which brings what it lacks.
import type { Entry, SyncPage } from '../api/client'
import type { EphemeralEvent } from './events'

/** Implemented by the store. */
export interface Source {
  /** For each room, the seq up to which no entry is missing. */
  marks(): Record<string, number>
  applyPage(page: SyncPage): void
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
