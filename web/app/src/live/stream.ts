// Holds a stream of events open; where there is none, falls back to polling, and tries again now and then.
import { api, ApiError, call, openStream, type Entry } from '../api/client'
import { Polling } from './polling'
import { sseReader, type ServerEvent } from './sse'
import type { Signal, Source, Transport } from './transport'

const least = 500
const most = 30000
const firstSign = 8000 // milliseconds within which the first event comes, or the way there holds answers back
const noneHere = 60000 // before a server that has no streams is asked again

interface Hello {
  rooms: Record<string, number>
  heartbeat_ms: number
  resumed: boolean
}

export class Stream implements Transport {
  private source: Source | null = null
  private readonly fallback = new Polling()
  private abort: AbortController | null = null
  private retry: ReturnType<typeof setTimeout> | undefined
  private alive: ReturnType<typeof setTimeout> | undefined
  private patience = firstSign
  private lastByte = 0
  private failures = 0
  private token = ''
  private open = false // hello has come
  private polling = false
  private syncing = false
  private again = false

  private readonly wake = () => {
    if (document.visibilityState !== 'visible') return
    if (this.open && Date.now() - this.lastByte > this.patience) this.abort?.abort()
    else if (!this.open && !this.abort) this.connect()
    else this.poke()
  }

  private readonly offline = () => {
    this.source?.connected(false)
    this.abort?.abort()
  }

  start(source: Source): void {
    this.stop()
    this.source = source
    this.failures = 0
    this.token = ''
    addEventListener('online', this.wake)
    addEventListener('offline', this.offline)
    addEventListener('focus', this.wake)
    document.addEventListener('visibilitychange', this.wake)
    this.connect()
    this.poke() // the rooms are shown without waiting for the stream
  }

  stop(): void {
    this.source = null
    clearTimeout(this.retry)
    clearTimeout(this.alive)
    this.abort?.abort()
    this.abort = null
    this.open = false
    this.fallBack(false)
    removeEventListener('online', this.wake)
    removeEventListener('offline', this.offline)
    removeEventListener('focus', this.wake)
    document.removeEventListener('visibilitychange', this.wake)
  }

  poke(): void {
    if (this.polling) this.fallback.poke()
    else void this.sync()
  }

  private fallBack(is: boolean): void {
    if (is && !this.polling && this.source) this.fallback.start(this.source)
    if (!is && this.polling) this.fallback.stop()
    this.polling = is
  }

  /** Ask for all that is missing. */
  private async sync(): Promise<void> {
    const source = this.source
    this.again = true
    if (this.syncing || !source) return
    this.syncing = true
    try {
      while (this.again && this.source === source) {
        this.again = false
        const page = await call(api.POST('/api/sync', { body: { rooms: source.marks() } }))
        if (this.source !== source) break
        source.connected(true)
        source.take(page)
        this.again ||= page.more
      }
    } catch (error) {
      // What was asked for is still missing.
      if (this.source === source && !this.open && error instanceof ApiError && error.passing)
        this.fallBack(true)
      else if (this.source === source)
        setTimeout(() => this.source === source && this.poke(), 2000 * (0.75 + Math.random() / 2))
    }
    this.syncing = false
  }

  private stayAlive(): void {
    this.lastByte = Date.now()
    clearTimeout(this.alive)
    const abort = this.abort
    this.alive = setTimeout(() => abort?.abort(), this.patience)
  }

  private connect(): void {
    clearTimeout(this.retry)
    if (this.abort || !this.source) return
    this.abort = new AbortController()
    this.patience = firstSign
    void this.run(this.source, this.abort)
  }

  private async run(source: Source, abort: AbortController): Promise<void> {
    let wait: number | null = null
    try {
      this.stayAlive()
      const body = await openStream(this.token, abort.signal)
      const reader = body.getReader()
      const text = new TextDecoder()
      const read = sseReader()
      for (;;) {
        const { done, value } = await reader.read()
        if (done || abort.signal.aborted) break
        this.stayAlive()
        for (const event of read(text.decode(value, { stream: true })))
          wait = this.take(source, event) ?? wait
      }
    } catch (error) {
      if (error instanceof ApiError && error.code === 'no_live_events')
        wait = noneHere * (0.75 + Math.random() / 2)
      else if (error instanceof ApiError && error.retryAfter > 0)
        wait = error.retryAfter * 1000 * (1 + Math.random())
      if (error instanceof ApiError && error.status === 401) return
    }
    if (this.source !== source) return
    clearTimeout(this.alive)
    this.abort = null
    this.open = false
    this.failures++
    this.fallBack(true)
    wait ??= Math.min(most, least * 2 ** Math.min(this.failures - 1, 6)) * (0.5 + Math.random())
    this.retry = setTimeout(() => this.connect(), wait)
  }

  /** The milliseconds after which to come again, where the event says so. */
  private take(source: Source, event: ServerEvent): number | null {
    const data: unknown = JSON.parse(event.data)
    switch (event.name) {
      case 'hello':
        this.greeted(source, data as Hello)
        break
      case 'entry':
        if (!source.entry(data as Entry)) void this.sync()
        this.token = event.id
        break
      case 'rooms':
      case 'resync':
        void this.sync()
        break
      case 'bye':
        return (data as { retry_ms: number }).retry_ms
      case 'typing':
      case 'presence':
      case 'read':
      case 'task':
        source.signal({ name: event.name, data } as Signal)
    }
    return null
  }

  private greeted(source: Source, hello: Hello): void {
    this.open = true
    this.failures = 0
    this.patience = hello.heartbeat_ms * 2.5
    this.stayAlive()
    this.fallBack(false)
    source.connected(true)
    const marks = source.marks()
    const same = Object.keys(marks).length === Object.keys(hello.rooms).length
    const missing = Object.entries(hello.rooms).some(
      ([id, seq]) => marks[id] === undefined || (!hello.resumed && marks[id]! < seq),
    )
    if (!same || missing) void this.sync()
  }
}
