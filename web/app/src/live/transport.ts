// How new entries reach the page. The store says what it has; a transport brings what it lacks.
import type { components } from '../api/schema'

export type Page = components['schemas']['Sync']

export interface Source {
  /** For each room, the seq up to which nothing is missing. */
  marks(): Record<string, number>
  /** Take a page in. */
  take(page: Page): void
  /** Is the server reached? */
  connected(is: boolean): void
}

export interface Transport {
  start(source: Source): void
  stop(): void
  /** Something may be new: look at once. */
  poke(): void
}
