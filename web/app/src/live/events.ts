// The events of the live stream (GET /api/events) and their data.
import type { components } from '../api/schema'
import type { ServerEvent } from './sse'

type WithData = Extract<components['schemas']['StreamEvent'], { data: unknown }>

/**
 * The data of each event by its name, from the server's own table. `entry` and `rooms` are
 * guaranteed; all others are best effort, and `resync` says when the page has to sync.
 */
export type EventData = {
  [Event in WithData as Event['event']]: Event['data']
}

export type EventName = keyof EventData

/** An event with its data. `id` is what a later stream can resume after. */
export type LiveEvent = {
  [Name in EventName]: { name: Name; data: EventData[Name]; id: string }
}[EventName]

type EphemeralName = 'typing' | 'presence' | 'read' | 'task' | 'invitation'

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
  invitation: true,
}

/** The event with its data parsed; null for a name that only a newer page knows. */
export function parseEvent({ name, data, id }: ServerEvent): LiveEvent | null {
  if (!Object.hasOwn(NAMES, name)) return null
  return { name, data: JSON.parse(data) as unknown, id } as LiveEvent
}
