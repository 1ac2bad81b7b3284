// The result of a lab run, as the server measured it, and the bars that show it.
import type { Bilingual } from '../i18n'

export type Mode = 'serial' | 'threads' | 'event_loop' | 'processes'
export type Work = 'mixed' | 'cpu' | 'wait'

export interface Figure {
  mode: Mode
  ms: number
  min_ms: number
  max_ms: number
  speed_up: number
  of_limit: number
  cpu_ms: number
  same_work: boolean
}

export interface Measured {
  work: Work
  slowest_ms: number
  cpu_ms: number
  limit_ms: number
  modes: Figure[]
  take: Mode
  why: Bilingual
}

export interface LabSettings {
  tasks: number
  cpu: number
  wait_ms: number
  repeat: number
}

export interface LabResult {
  version: string
  at: string
  cores: number
  settings: LabSettings & { threads: number; processes: number }
  works: Measured[]
  traps: {
    blocked: {
      block_ms: number
      requests: number
      event_loop_p50_ms: number
      event_loop_max_ms: number
      pool_threads: number
      pool_p50_ms: number
      pool_max_ms: number
    }
    pool: {
      threads: number
      requests: number
      wait_ms: number
      pool_first_ms: number
      pool_last_ms: number
      event_loop_last_ms: number
    }
  } | null
  rule: Bilingual
}

export const DEFAULT_SETTINGS: LabSettings = { tasks: 20, cpu: 20, wait_ms: 890, repeat: 1 }

/** The result of a task, or null if this page cannot show it: another version may use another format. */
export function readResult(value: unknown): LabResult | null {
  if (typeof value !== 'object' || value === null) return null
  const { works, settings, rule } = value as Record<keyof LabResult, unknown>
  if (!settings || !rule || !Array.isArray(works) || works.length === 0) return null
  return works.every(isMeasured) ? (value as LabResult) : null
}

const isMeasured = (work: Partial<Measured> | null): boolean =>
  typeof work?.limit_ms === 'number' &&
  Array.isArray(work.modes) &&
  work.modes.every((mode: Partial<Figure> | null) => typeof mode?.ms === 'number')

/** A shape's bars, one for each run that is shown. */
export interface Bar {
  mode: Mode
  runs: (Figure & { width: number })[] // width in percent of the longest bar
}

/** The bars of one work over some runs, all to one scale; `limits` are the runs' lower bounds on it, in percent. */
export function bars(results: LabResult[], work: Work): { bars: Bar[]; limits: number[] } {
  const measured = results
    .map((result) => result.works.find((one) => one.work === work))
    .filter((one) => one !== undefined)
  const longest = Math.max(1e-9, ...measured.flatMap((one) => one.modes.map((mode) => mode.ms)))
  const percent = (ms: number) => (100 * ms) / longest
  const modes = measured[0]?.modes.map((mode) => mode.mode) ?? []
  return {
    bars: modes.map((mode) => ({
      mode,
      runs: measured.flatMap((one) =>
        one.modes
          .filter((figure) => figure.mode === mode)
          .map((figure) => ({ ...figure, width: percent(figure.ms) })),
      ),
    })),
    limits: measured.map((one) => percent(one.limit_ms)),
  }
}

/** A duration to its significant digits: seconds from a tenth of a second on, milliseconds below. */
export function duration(ms: number): string {
  if (ms < 100) return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`
  return `${(ms / 1000).toFixed(3)} s`
}

const START_S = 4 // until the measuring begins
const OTHER_SHAPES = 1.6 // all shapes together take this many times as long as the serial one

/** About how many seconds a run takes: the serial shape waits for each task twice, alone and beside computing. */
export function estimate({ tasks, cpu, wait_ms, repeat }: LabSettings): number {
  const serial_ms = tasks * (2 * wait_ms + 2 * cpu)
  return Math.round((repeat * serial_ms * OTHER_SHAPES) / 1000 + START_S)
}
