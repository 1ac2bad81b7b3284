// Brings new entries by long polls. If the server does not hold those, it syncs every 2 seconds, or every 10 seconds
// while the page is hidden. Backs off while the server cannot be reached.
import { api, ApiError, call } from '../api/client'
import { doubled, jittered, retryAfterMs } from '../lib/backoff'
import { catchUp, checksum, rangeAfter } from './catchUp'
import type { Source, Transport } from './transport'
import { onWake } from './wake'

const POLL_VISIBLE_MS = 2_000
const POLL_HIDDEN_MS = 10_000
const RETRY_FIRST_MS = 1_000
const RETRY_MAX_MS = 30_000
const LONG_POLL_S = 15 // how long the server may hold a long poll
const NOT_HELD_MS = 500 // an empty answer that comes sooner was not held
const QUIET_FAILURES = 1 // failures in a row before the page shows that it is offline

export class Polling implements Transport {
  private source: Source | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private running = false
  private refreshAsked = false // while a call was running
  private synced = false // a first sync was sent
  private failures = 0
  private held = true // the server holds long polls
  private longPoll: AbortController | null = null // refresh() ends it
  private stopWake = () => {}

  start(source: Source): void {
    this.stop()
    this.source = source
    this.failures = 0
    this.held = true
    this.synced = false
    const refresh = () => this.refresh()
    this.stopWake = onWake({
      seen: refresh,
      online: refresh,
      offline: () => {
        this.failures = QUIET_FAILURES + 1
        this.source?.setConnected(false)
      },
    })
    this.refresh()
  }

  stop(): void {
    this.source = null
    clearTimeout(this.timer)
    this.longPoll?.abort()
    this.stopWake()
  }

  refresh(): void {
    clearTimeout(this.timer)
    if (this.running) {
      this.refreshAsked = true
      this.longPoll?.abort()
    } else if (this.source) {
      this.running = true
      this.refreshAsked = false
      void this.run(this.source)
    }
  }

  private async run(source: Source): Promise<void> {
    let wait: number
    try {
      await this.sync(source)
      if (this.source === source) {
        this.failures = 0
        source.setConnected(true)
      }
      const visible = document.visibilityState === 'visible'
      const atOnce = this.refreshAsked || (this.held && visible)
      wait = atOnce ? 0 : visible ? POLL_VISIBLE_MS : POLL_HIDDEN_MS
    } catch (error) {
      wait = this.source !== source || this.refreshAsked ? 0 : this.waitAfter(error)
    }
    this.running = false
    if (this.source) this.timer = setTimeout(() => this.refresh(), wait)
  }

  /** The first sync returns at once, to show what is there. Later ones are held while the page is visible. */
  private async sync(source: Source): Promise<void> {
    const held = this.held && this.synced && document.visibilityState === 'visible'
    this.synced = true
    if (!held || (await this.waitForNews(source)))
      await catchUp(source, () => this.source === source)
  }

  /**
   * Waits until something is new in any room. If that is in the first range of rooms, applies it. Returns true if there
   * is more.
   */
  private async waitForNews(source: Source): Promise<boolean> {
    const began = Date.now()
    this.longPoll = new AbortController()
    const { signal } = this.longPoll
    source.beginSync()
    const marks = source.marks()
    const range = rangeAfter(marks, 0)
    try {
      const body = { ...range, checksum: checksum(marks), wait: LONG_POLL_S }
      const page = await call(api.POST('/api/sync/wait', { body, signal }))
      const found = page.entries.length + page.rooms.length + page.left.length > 0 || page.more
      if (!found && Date.now() - began < NOT_HELD_MS) this.held = false
      if (this.source === source)
        source.applyPage(page, !page.more && range.through_room === undefined)
      return page.more
    } finally {
      this.longPoll = null
    }
  }

  /** Counts a failure. Returns the milliseconds to wait before the next try. */
  private waitAfter(error: unknown): number {
    this.failures++
    const rateLimited = error instanceof ApiError && error.status === 429
    if (!rateLimited && this.failures > QUIET_FAILURES) this.source?.setConnected(false)
    const backoff = jittered(doubled(RETRY_FIRST_MS, RETRY_MAX_MS, this.failures))
    return Math.max(retryAfterMs(error), backoff)
  }
}
