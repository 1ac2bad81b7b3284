// Times for people to read.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { computed } from 'vue'

const noon = new Date(2026, 5, 15, 12)
const at = (day: number, hour: number) => new Date(2026, 5, day, hour)

beforeEach(() => {
  vi.useFakeTimers({ now: noon })
  vi.resetModules()
})
afterEach(() => vi.useRealTimers())

describe('a time', () => {
  it('after midnight begins with 00, not 24', async () => {
    const { clockTime } = await import('./time')
    expect(clockTime(at(15, 0).toISOString())).toBe('00:00')
  })

  it('is of today, of yesterday or of a date, even on a page left open overnight', async () => {
    const { dayName } = await import('./time')
    const names = computed(() =>
      [15, 14, 13].map((day) => dayName(at(day, 23).getTime(), 'today', 'yesterday')),
    )
    expect(names.value).toEqual(['today', 'yesterday', expect.stringContaining('13')])
    vi.advanceTimersByTime(24 * 3600 * 1000)
    expect(names.value).toEqual([
      'yesterday',
      expect.stringContaining('14'),
      expect.stringContaining('13'),
    ])
  })
})
