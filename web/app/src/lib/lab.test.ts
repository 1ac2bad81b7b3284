// Results of lab runs and their bars.
import { describe, expect, it } from 'vitest'
import { bars, DEFAULT_SETTINGS, duration, estimate, readResult, type LabResult } from './lab'

const figure = (mode: string, ms: number) => ({
  mode,
  ms,
  min_ms: ms,
  max_ms: ms,
  speed_up: 1,
  of_limit: 1,
  cpu_ms: 1,
  same_work: true,
})

function resultOf(scale: number): LabResult {
  const modes = [
    figure('serial', 1000 * scale),
    figure('threads', 100 * scale),
    figure('event_loop', 90 * scale),
    figure('processes', 500 * scale),
  ]
  const words = { en: 'why', zh: '为什么' }
  const works = ['mixed', 'cpu', 'wait'].map((work) => ({
    work,
    slowest_ms: 1,
    cpu_ms: 1,
    limit_ms: 80 * scale,
    modes,
    take: 'event_loop',
    why: words,
  }))
  return {
    version: '1',
    at: '2026-01-01T00:00:00.000Z',
    cores: 2,
    settings: { ...DEFAULT_SETTINGS, threads: 20, processes: 2 },
    works,
    traps: null,
    rule: words,
  } as LabResult
}

describe('the bars of a work', () => {
  it('share one scale, on which the longest is 100 %', () => {
    const shown = bars([resultOf(1)], 'wait')
    expect(shown.bars.map((bar) => bar.mode)).toEqual([
      'serial',
      'threads',
      'event_loop',
      'processes',
    ])
    expect(shown.bars.map((bar) => bar.runs[0]!.width)).toEqual([100, 10, 9, 50])
    expect(shown.limits).toEqual([8])
  })

  it('of several runs share one scale', () => {
    const shown = bars([resultOf(1), resultOf(2)], 'cpu')
    expect(shown.bars[0]!.runs.map((run) => run.width)).toEqual([50, 100])
    expect(shown.limits).toEqual([4, 8])
  })

  it('are empty without a run, or for a work that the run lacks', () => {
    expect(bars([], 'cpu').bars).toEqual([])
    const old = { ...resultOf(1), works: resultOf(1).works.slice(0, 1) }
    expect(bars([old], 'wait').bars).toEqual([])
  })
})

describe('a result', () => {
  it('of this version’s format is shown', () => {
    expect(readResult(resultOf(1))).not.toBeNull()
  })

  it('of another format is not shown', () => {
    for (const odd of [
      null,
      1,
      'x',
      {},
      { works: [] },
      { works: [{}], settings: {}, rule: {} },
      { works: [{ limit_ms: 1, modes: [null] }], settings: {}, rule: {} },
    ])
      expect(readResult(odd)).toBeNull()
  })
})

it('a duration is rounded to its significant digits', () => {
  expect([0.25, 12.34, 99.96, 890, 17825.4].map(duration)).toEqual([
    '0.25 ms',
    '12.3 ms',
    '100.0 ms',
    '0.890 s',
    '17.825 s',
  ])
})

it('a run with the default settings takes about a minute', () => {
  expect(estimate(DEFAULT_SETTINGS)).toBeGreaterThan(45)
  expect(estimate(DEFAULT_SETTINGS)).toBeLessThan(90)
})
