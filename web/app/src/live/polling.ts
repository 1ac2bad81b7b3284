// Asks every 2 seconds, more rarely while the page is hidden, less and less often while the server is away.
import { api, ApiError, call } from '../api/client'
import type { Source, Transport } from './transport'

const shown = 2000
const hidden = 20000
const most = 30000

export class Polling implements Transport {
  private source: Source | null = null
  private timer: ReturnType<typeof setTimeout> | undefined
  private running = false
  private again = false
  private failures = 0

  private readonly wake = () => {
    if (document.visibilityState === 'visible') this.poke()
  }

  start(source: Source): void {
    this.stop()
    this.source = source
    addEventListener('online', this.wake)
    addEventListener('focus', this.wake)
    document.addEventListener('visibilitychange', this.wake)
    this.poke()
  }

  stop(): void {
    this.source = null
    clearTimeout(this.timer)
    removeEventListener('online', this.wake)
    removeEventListener('focus', this.wake)
    document.removeEventListener('visibilitychange', this.wake)
  }

  poke(): void {
    clearTimeout(this.timer)
    if (this.running) this.again = true
    else void this.run()
  }

  private async run(): Promise<void> {
    const source = this.source
    if (!source) return
    this.running = true
    let wait = document.visibilityState === 'visible' ? shown : hidden
    try {
      const page = await call(api.POST('/api/sync', { body: { rooms: source.marks() } }))
      if (this.source === source) {
        this.failures = 0
        source.connected(true)
        source.take(page)
        if (page.more) wait = 0
      }
    } catch (error) {
      this.failures++
      const asked = error instanceof ApiError ? error.retryAfter * 1000 : 0
      wait = Math.max(asked, Math.min(most, shown * 2 ** Math.min(this.failures, 4)) * (0.75 + Math.random() / 2))
      if (this.source === source) source.connected(false)
    }
    this.running = false
    if (!this.source) return
    if (this.again) wait = 0
    this.again = false
    this.timer = setTimeout(() => void this.run(), wait)
  }
}
