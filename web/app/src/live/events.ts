// The events of the live stream (GET /api/events) and their data.
import type { Entry } from '../api/client'
import type { ServerEvent } from './sse'

export interface EventData {
  /** The first event: the last seq of each of my rooms, and whether the stream resumed without a gap. */
  hello: { rooms: Record<string, number>; heartbeat_ms: number; resumed: boolean }
  /** A new entry in one of my rooms. Guaranteed. */
  entry: Entry
  /** My rooms have changed: sync. Guaranteed. */
  rooms: unknown
  /** The server dropped events, because this page read too slowly: sync. */
  resync: unknown
  /** The server ends the stream: reconnect after retry_ms. */
  bye: { retry_ms: number }
  typing: { room_id: number; user: { id: number; nickname: string } }
  presence: { user_id: number; online: boolean }
  read: { room_id: number; user_id: number; read_seq: number }
  task: { id: number; kind: string; state: string }
}

export type EventName = keyof EventData

/** An event with its data. `id` is what a later stream can resume after. */
export type LiveEvent = {
  [Name in EventName]: { name: Name; data: EventData[Name]; id: string }
}[EventName]

type EphemeralName = 'typing' | 'presence' | 'read' | 'task'

/** An event that is in no room's log. Best effort: it may be lost. */
export type EphemeralEvent = {
  [Name in EphemeralName]: { name: Name; data: EventData[Name] }
}[EphemeralName]

const NAMES: Record<EventName, true> = {
  hello: true,
  entry: true,
  rooms: true,
  resync: true,
  bye: true,
  typing: true,
  presence: true,
  read: true,
  task: true,
}

/** The event with its data parsed; null for a name that only a newer page knows. */
export function parseEvent({ name, data, id }: ServerEvent): LiveEvent | null {
  if (!Object.hasOwn(NAMES, name)) return null
  return { name, data: JSON.parse(data) as unknown, id } as LiveEvent
}
