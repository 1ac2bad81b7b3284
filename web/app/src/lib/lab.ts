// The figures of a lab run, as its task's result has them.
export type Mode = 'serial' | 'threads' | 'event_loop' | 'processes'
export type Work = 'mixed' | 'cpu' | 'wait'

export interface Words {
  en: string
  zh: string
}

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
  why: Words
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
  rule: Words
}

export const usual: LabSettings = { tasks: 20, cpu: 20, wait_ms: 890, repeat: 1 }

/** A result that this page can show: one of another version may be of another form. */
export function readResult(value: unknown): LabResult | null {
  const result = value as Partial<LabResult> | null
  if (
    typeof result !== 'object' ||
    result === null ||
    !Array.isArray(result.works) ||
    !result.settings ||
    !result.rule
  )
    return null
  const whole = result.works.every(
    (work) =>
      typeof work?.limit_ms === 'number' &&
      Array.isArray(work.modes) &&
      work.modes.every((mode) => typeof mode?.ms === 'number'),
  )
  return whole && result.works.length > 0 ? (result as LabResult) : null
}

/** What a bar stands for. */
export interface Bar {
  mode: Mode
  runs: (Figure & { width: number })[] // one for each of the runs that are compared; width in percent
}

/** The bars of one work over some runs, all to one scale, and where the limit of each run stands. */
export function bars(results: LabResult[], work: Work): { bars: Bar[]; limits: number[] } {
  const measured = results
    .map((result) => result.works.find((one) => one.work === work))
    .filter((one) => one !== undefined)
  const most = Math.max(1e-9, ...measured.flatMap((one) => one.modes.map((mode) => mode.ms)))
  const percent = (ms: number) => (100 * ms) / most
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

/** Seconds with as many digits as mean something; milliseconds below a tenth of a second. */
export function duration(ms: number): string {
  if (ms < 100) return `${ms.toFixed(ms < 10 ? 2 : 1)} ms`
  return `${(ms / 1000).toFixed(3)} s`
}

/** How long a run takes, about, in seconds: serial mode waits for each in turn, once by itself and once beside computing. */
export function estimate({ tasks, cpu, wait_ms, repeat }: LabSettings): number {
  const serial = tasks * (2 * wait_ms + 2 * cpu)
  return Math.round((repeat * serial * 1.6) / 1000 + 4)
}
