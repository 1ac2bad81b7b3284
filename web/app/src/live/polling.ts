// Asks by long polls; where those are not held, every 2 seconds, more rarely while the page is hidden. Less and less often while the
// server is away.
import { api, ApiError, call } from '../api/client'
import type { Page, Source, Transport } from './transport'

const shown = 2000
const hidden = 10000
const most = 30000
const held = 15 // seconds that a long poll may take
const tooQuick = 500 // milliseconds in which an empty answer was not held
const bearable = 2 // failures in a row that the user need not hear of

export class Polling implements Transport {
  private source: Source | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private running = false
  private again = false
  private asked = false
  private failures = 0
  private holds = true // long polls are held
  private waiting: AbortController | null = null // a long poll, which what is new here may cut short

  private readonly wake = () => {
    if (document.visibilityState === 'visible') this.poke()
  }

  private readonly offline = () => {
    this.failures = bearable
    this.source?.connected(false)
  }

  start(source: Source): void {
    this.stop()
    this.source = source
    this.failures = 0
    this.holds = true
    this.asked = false
    addEventListener('online', this.wake)
    addEventListener('offline', this.offline)
    addEventListener('focus', this.wake)
    document.addEventListener('visibilitychange', this.wake)
    this.poke()
  }

  stop(): void {
    this.source = null
    clearTimeout(this.timer)
    this.waiting?.abort()
    removeEventListener('online', this.wake)
    removeEventListener('offline', this.offline)
    removeEventListener('focus', this.wake)
    document.removeEventListener('visibilitychange', this.wake)
  }

  poke(): void {
    clearTimeout(this.timer)
    if (this.running) {
      this.again = true
      this.waiting?.abort()
    } else void this.run()
  }

  private async run(): Promise<void> {
    const source = this.source
    if (!source) return
    this.running = true
    this.again = false
    let wait: number
    try {
      const page = await this.ask(source.marks())
      if (this.source === source) {
        this.failures = 0
        source.connected(true)
        source.take(page)
      }
      const visible = document.visibilityState === 'visible'
      wait = page.more || this.again || (this.holds && visible) ? 0 : visible ? shown : hidden
    } catch (error) {
      if (this.again && this.source === source) wait = 0
      else wait = this.source === source ? this.failed(error) : 0
    }
    this.running = false
    if (this.source) this.timer = setTimeout(() => void this.run(), wait)
  }

  /** The first time at once, to show what is there; then held, where the server does that and the page is looked at. */
  private async ask(rooms: Record<string, number>): Promise<Page> {
    if (!this.holds || !this.asked || document.visibilityState !== 'visible') {
      this.asked = true
      return call(api.POST('/api/sync', { body: { rooms } }))
    }
    const began = Date.now()
    this.waiting = new AbortController()
    const { signal } = this.waiting
    try {
      const page = await call(api.POST('/api/sync/wait', { body: { rooms, wait: held }, signal }))
      const empty = page.entries.length + page.rooms.length + page.left.length === 0
      if (empty && Date.now() - began < tooQuick) this.holds = false
      return page
    } finally {
      this.waiting = null
    }
  }

  /** The milliseconds to wait. */
  private failed(error: unknown): number {
    this.failures++
    const asked = error instanceof ApiError ? error.retryAfter * 1000 : 0
    const busy = error instanceof ApiError && error.status === 429
    if (!busy && this.failures >= bearable) this.source?.connected(false)
    return Math.max(
      asked,
      Math.min(most, 500 * 2 ** Math.min(this.failures, 6)) * (0.75 + Math.random() / 2),
    )
  }
}
