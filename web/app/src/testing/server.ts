// A fake server for tests: one room with its log, and the faults that a test injects.
import { vi } from 'vitest'
import type { Entry, Profile, Room } from '../api/client'
import type { Names } from '../lib/people'
import type { Range } from '../live/catchUp'

export const me = {
  id: 1,
  username: 'me',
  nickname: 'Me',
  created_at: '2026-01-01T00:00:00.000Z',
  is_admin: false,
}

export const personOf = ({ id, username, nickname }: Names): Entry['sender'] => ({
  id,
  username,
  nickname,
  nickname_taken: false,
})

export const profileOf = (more: Partial<Profile>): Profile => ({
  ...personOf({ id: 2, username: 'li', nickname: 'Li' }),
  skeleton: (more.nickname ?? 'Li').toLowerCase(),
  online: false,
  ...more,
})

export function entryOf(seq: number, more: Partial<Entry> = {}): Entry {
  return {
    room_id: 7,
    seq,
    kind: 'message',
    sender: personOf({ id: 2, username: 'li', nickname: 'Li' }),
    client_id: null,
    body: `m${seq}`,
    ref_seq: null,
    created_at: new Date(Date.UTC(2026, 0, 1, 0, 0, seq)).toISOString(),
    ...more,
  }
}

export function roomOf(more: Partial<Room> = {}): Room {
  return {
    id: 7,
    kind: 'group',
    name: 'room',
    open: false,
    member_count: 2,
    role: 'member',
    last_seq: 0,
    read_seq: 0,
    unread: 0,
    last_message: null,
    last_at: '2026-01-01T00:00:00.000Z',
    created_at: '2026-01-01T00:00:00.000Z',
    peer: null,
    ...more,
  }
}

// The largest page of a sync, and the most marks in one.
const ENTRIES_MAX = 3
const ROOMS_MAX = 100
const MARKS_MAX = 2_000

/** An answer with a JSON body. */
export const json = (body: object, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), {
    status,
    headers: { 'Content-Type': 'application/json', ...headers },
  })

export type Fault =
  | 'lost request'
  | 'lost answer'
  | { status: number; body?: object; headers?: Record<string, string> }

/** Answers every fetch from its own state, from install() until vi.unstubAllGlobals(). */
export class FakeServer {
  log: Entry[] = []
  rooms = [roomOf()]
  faults: Fault[] = [] // for the next messages sent, one each
  attempts: string[] = [] // the client_id of every message sent
  down = false // cannot be reached
  streams: ReadableStreamDefaultController<Uint8Array>[] | null = null // null: it has no streams
  resumes: string[] = [] // what each stream was to resume after
  syncs = 0
  syncMs = 0 // from the moment for which a sync answers until its answer
  syncFault: { status: number; headers?: Record<string, string> } | null = null // for all syncs

  install(): void {
    vi.stubGlobal('fetch', (request: Request | string, init?: RequestInit) =>
      this.answer(new Request(request, init)),
    )
  }

  /** Adds an entry to the room's log. */
  append(more: Partial<Entry> = {}): Entry {
    const entry = entryOf(this.log.length + 1, more)
    this.log.push(entry)
    return entry
  }

  private async answer(request: Request): Promise<Response> {
    const path = new URL(request.url).pathname
    if (this.down) throw new TypeError('no network')
    if (path === '/api/events' && this.streams) return this.stream(request)
    if (path === '/api/events')
      return json({ detail: '', code: 'no_live_events' }, 503, { 'Retry-After': '5' })
    if (path === '/api/sync' || path === '/api/sync/wait')
      return this.delayed(this.sync((await request.json()) as Range))
    if (path === '/api/rooms/7') return json(this.rooms[0]!)
    if (path === '/api/rooms/7/messages' && request.method === 'POST')
      return this.send((await request.json()) as { client_id: string; body: string })
    if (path === '/api/rooms/7/messages') return this.page(new URL(request.url).searchParams)
    if (path === '/api/rooms/7/read') return json({ room_id: 7, read_seq: 0, unread: 0 })
    return json({ detail: 'no such route', code: 'not_found' }, 404)
  }

  /** Sends an event on all streams. */
  emit(event: string, data: object, id?: string): void {
    const text = new TextEncoder().encode(
      `${id ? `id: ${id}\n` : ''}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`,
    )
    for (const stream of this.streams ?? []) stream.enqueue(text)
  }

  /** Ends all streams. */
  endStreams(): void {
    for (const stream of this.streams ?? []) stream.close()
    this.streams = []
  }

  private stream(request: Request): Response {
    this.resumes.push(new URL(request.url).searchParams.get('after') ?? '')
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.streams = [controller]
        request.signal.addEventListener('abort', () =>
          controller.error(new DOMException('', 'AbortError')),
        )
        const rooms = Object.fromEntries(this.rooms.map((room) => [room.id, this.log.length]))
        this.emit('hello', { rooms, heartbeat_ms: 15000, session: 1, resumed: false, more: false })
      },
    })
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } })
  }

  private async delayed(answer: Response): Promise<Response> {
    if (this.syncMs > 0) await new Promise((resolve) => setTimeout(resolve, this.syncMs))
    return answer
  }

  private sync({ rooms, times, after_room, through_room = Infinity }: Range): Response {
    this.syncs++
    if (this.syncFault) return json({}, this.syncFault.status, this.syncFault.headers)
    const marks = Object.keys(rooms).map(Number)
    if (marks.length > MARKS_MAX || marks.some((id) => id <= after_room || id > through_room))
      return json({ detail: [] }, 422)
    const timeOf = (seq: number) => Date.parse(this.log[seq - 1]?.created_at ?? '')
    const restarted = marks.filter(
      (id) => rooms[id]! > 0 && timeOf(rooms[id]!) !== (times[id] || timeOf(rooms[id]!)),
    )
    const entries = this.log.filter(
      ({ room_id, seq }) => seq > (rooms[room_id] ?? Infinity) && !restarted.includes(room_id),
    )
    const fresh = this.rooms
      .filter(({ id }) => id > after_room && id <= through_room)
      .filter(({ id }) => rooms[id] === undefined || restarted.includes(id))
      .map((room) => ({
        ...room,
        last_seq: this.log.length,
        last_at: this.log.at(-1)?.created_at ?? room.last_at,
      }))
    const left = marks.filter((id) => !this.rooms.some((room) => room.id === id))
    const starts = [entries[ENTRIES_MAX]?.room_id, fresh[ROOMS_MAX]?.id]
    const next = Math.min(...starts.map((id) => id ?? Infinity))
    return json({
      entries: entries.slice(0, ENTRIES_MAX),
      rooms: fresh.slice(0, ROOMS_MAX),
      left,
      restarted,
      more: next < Infinity,
      after_room: next < Infinity ? next - 1 : 0,
    })
  }

  private page(query: URLSearchParams): Response {
    const before = Number(query.get('before') ?? Infinity)
    const older = this.log.filter((entry) => entry.seq < before)
    const items = older.slice(-3)
    return json({ items, next: older.length > 3 ? items[0]!.seq : null })
  }

  private send(message: { client_id: string; body: string }): Response {
    this.attempts.push(message.client_id)
    const fault = this.faults.shift()
    if (fault === 'lost request') throw new TypeError('no network')
    if (typeof fault === 'object') return json(fault.body ?? {}, fault.status, fault.headers)
    const known = this.log.find((entry) => entry.client_id === message.client_id)
    const entry =
      known ??
      this.append({
        ...message,
        sender: personOf(me),
      })
    if (fault === 'lost answer') throw new TypeError('no network')
    return json(entry, known ? 200 : 201)
  }
}
