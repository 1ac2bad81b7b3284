// Brings new entries over a stream of events. Without a stream, polling takes its place until the next try succeeds.
import { ApiError, openStream, type Entry } from '../api/client'
import { doubled, jittered, retryAfterMs } from '../lib/backoff'
import { catchUp } from './catchUp'
import { parseEvent, type EventData, type LiveEvent } from './events'
import { Polling } from './polling'
import { sseReader } from './sse'
import type { Marks, Source, Transport } from './transport'
import { onWake } from './wake'

const RETRY_FIRST_MS = 500
const RETRY_MAX_MS = 30_000
const SYNC_RETRY_MS = 2_000
const QUIET_SYNC_FAILURES = 1 // in a row, before the page shows that it is not up to date
const FIRST_EVENT_MS = 8_000 // no event by then: a proxy on the way holds the answer back
const WAITING_MAX = 1_000 // entries; if more come during a sync, another one brings them
const NO_STREAMS_MS = 60_000 // before a server without streams is asked again
const MISSED_HEARTBEATS = 2.5 // a stream silent for longer is dead

export class Stream implements Transport {
  private source: Source | null = null
  private readonly fallback = new Polling()
  private connection: AbortController | null = null // of the stream, from connecting to its end
  private retryTimer: ReturnType<typeof setTimeout> | undefined
  private syncTimer: ReturnType<typeof setTimeout> | undefined
  private silenceTimer: ReturnType<typeof setTimeout> | undefined
  private silenceMaxMs = FIRST_EVENT_MS
  private lastByteAt = 0
  private failures = 0
  private resumeAfter = '' // the id of the last entry
  private reconnectMs: number | null = null // the wait that the server asked for
  private open = false // hello has come
  private named: Record<string, number> = {} // the rooms in the parts of hello so far
  private polling = false
  private syncing = false
  private syncAsked = false
  private current = false // no sync is due
  private waiting: Entry[] = [] // what came since one is due: it may find that a room begins again
  private syncFailures = 0 // in a row
  private stopWake = () => {}

  start(source: Source): void {
    this.stop()
    this.source = source
    this.failures = 0
    this.syncFailures = 0
    this.resumeAfter = ''
    this.waiting = []
    const wake = () => this.wake()
    this.stopWake = onWake({
      seen: wake,
      online: wake,
      offline: () => {
        this.source?.setConnected(false)
        this.connection?.abort()
      },
    })
    this.connect()
    this.refresh() // shows the rooms without waiting for the stream
  }

  stop(): void {
    this.source = null
    clearTimeout(this.retryTimer)
    clearTimeout(this.silenceTimer)
    clearTimeout(this.syncTimer)
    this.connection?.abort()
    this.connection = null
    this.open = false
    this.setPolling(false)
    this.stopWake()
  }

  refresh(): void {
    if (this.polling) this.fallback.refresh()
    else void this.sync()
  }

  private wake(): void {
    const dead = this.open && Date.now() - this.lastByteAt > this.silenceMaxMs
    if (dead) this.connection?.abort()
    else if (!this.open && !this.connection) this.connect()
    else this.refresh()
  }

  private setPolling(on: boolean): void {
    if (on && !this.polling && this.source) this.fallback.start(this.source)
    if (!on && this.polling) this.fallback.stop()
    this.polling = on
  }

  /** Asks for everything that is missing. A call while a sync is running makes it ask once more. */
  private async sync(): Promise<void> {
    const source = this.source
    this.syncAsked = true
    this.current = false
    if (this.syncing || !source) return
    this.syncing = true
    try {
      // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- syncOnce() changes it
      while (this.syncAsked && this.source === source) {
        await this.syncOnce(source)
        this.applyWaiting(source)
      }
    } catch (error) {
      if (this.source === source) this.syncFailed(error)
    }
    this.syncing = false
  }

  private async syncOnce(source: Source): Promise<void> {
    this.syncAsked = false
    await catchUp(source, () => this.source === source)
    if (this.source !== source) return
    this.syncFailures = 0
    clearTimeout(this.syncTimer)
    source.setConnected(true)
  }

  /** Applies what came during a sync, unless another one is due. */
  private applyWaiting(source: Source): void {
    if (this.syncAsked || this.source !== source) return
    this.current = true
    for (const entry of this.waiting.splice(0)) this.applyEntry(source, entry)
  }

  private applyEntry(source: Source, entry: Entry): void {
    if (this.current) {
      if (!source.applyEntry(entry)) void this.sync()
    } else if (this.waiting.push(entry) > WAITING_MAX) {
      void this.syncAfresh()
    }
  }

  /** Syncs with the marks of now. Entries that came before may be of a state that the server does not have any more. */
  private syncAfresh(): Promise<void> {
    this.waiting = []
    return this.sync()
  }

  /** The entries are still missing: polling brings them if there is no stream either, else another sync does. */
  private syncFailed(error: unknown): void {
    if (!this.open && error instanceof ApiError && error.transient) {
      this.setPolling(true)
      return
    }
    const source = this.source
    if (++this.syncFailures > QUIET_SYNC_FAILURES) source?.setConnected(false)
    const backoff = jittered(doubled(SYNC_RETRY_MS, RETRY_MAX_MS, this.syncFailures))
    clearTimeout(this.syncTimer)
    this.syncTimer = setTimeout(
      () => {
        if (this.source === source) this.refresh()
      },
      Math.max(retryAfterMs(error), backoff),
    )
  }

  /** Something has arrived: the stream has until the next time-out to send more. */
  private restartSilenceTimer(): void {
    this.lastByteAt = Date.now()
    clearTimeout(this.silenceTimer)
    const { connection } = this
    this.silenceTimer = setTimeout(() => connection?.abort(), this.silenceMaxMs)
  }

  private connect(): void {
    clearTimeout(this.retryTimer)
    if (this.connection || !this.source) return
    this.connection = new AbortController()
    this.named = {}
    this.silenceMaxMs = FIRST_EVENT_MS
    void this.run(this.source, this.connection.signal)
  }

  private async run(source: Source, signal: AbortSignal): Promise<void> {
    this.reconnectMs = null
    try {
      await this.read(source, signal)
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) return // the session has ended
      this.reconnectMs = waitAfter(error) ?? this.reconnectMs
    }
    if (this.source !== source) return
    clearTimeout(this.silenceTimer)
    this.connection = null
    this.open = false
    this.failures++
    this.setPolling(true)
    const backoff = doubled(RETRY_FIRST_MS, RETRY_MAX_MS, this.failures) * (0.5 + Math.random())
    this.retryTimer = setTimeout(() => this.connect(), this.reconnectMs ?? backoff)
  }

  /** Reads the stream to its end. */
  private async read(source: Source, signal: AbortSignal): Promise<void> {
    this.restartSilenceTimer()
    const body = await openStream(this.resumeAfter, signal)
    const reader = body.getReader()
    const decoder = new TextDecoder()
    const parse = sseReader()
    for (;;) {
      const { done, value } = await reader.read()
      if (done || signal.aborted) return
      this.restartSilenceTimer()
      for (const raw of parse(decoder.decode(value, { stream: true }))) {
        const event = parseEvent(raw)
        if (event) this.apply(source, event)
      }
    }
  }

  private apply(source: Source, event: LiveEvent): void {
    switch (event.name) {
      case 'hello':
        this.applyHello(source, event.data)
        break
      case 'entry':
        this.applyEntry(source, event.data)
        this.resumeAfter = event.id
        break
      case 'rooms':
      case 'resync':
        void this.syncAfresh()
        break
      case 'bye':
        this.reconnectMs = event.data.retry_ms
        break
      case 'typing':
      case 'presence':
      case 'read':
      case 'task':
      case 'invitation':
        source.applyEphemeral(event)
        break
    }
  }

  private applyHello(source: Source, hello: EventData['hello']): void {
    this.open = true
    this.failures = 0
    this.silenceMaxMs = hello.heartbeat_ms * MISSED_HEARTBEATS
    this.restartSilenceTimer()
    this.setPolling(false)
    if (this.syncFailures <= QUIET_SYNC_FAILURES) source.setConnected(true)
    Object.assign(this.named, hello.rooms)
    if (hello.more) return
    if (needsSync(source.marks(), { ...hello, rooms: this.named })) void this.syncAfresh()
    else if (!this.current) void this.sync()
    this.named = {}
  }
}

/**
 * May the server have other rooms or entries than this page? A resumed stream brings what the page lacks. Any other may
 * continue from another history, of a server that was restored, even if its numbers are those of the page.
 */
export function needsSync(
  marks: Marks,
  { rooms, resumed }: Pick<EventData['hello'], 'rooms' | 'resumed'>,
): boolean {
  if (!resumed || Object.keys(marks).length !== Object.keys(rooms).length) return true
  return Object.keys(rooms).some((id) => marks[id] === undefined)
}

/** The milliseconds that a failed connection asks to wait, or null. */
function waitAfter(error: unknown): number | null {
  if (error instanceof ApiError && error.code === 'no_live_events') return jittered(NO_STREAMS_MS)
  const asked = retryAfterMs(error)
  return asked > 0 ? asked * (1 + Math.random()) : null
}
