// The lab's shapes in words.
import { t } from '../i18n'
import type { LabSettings, Mode } from './lab'

const names = {
  serial: 'labSerial',
  threads: 'labThreads',
  event_loop: 'labEventLoop',
  processes: 'labProcesses',
} as const

export const shapeName = (mode: Mode): string => t(names[mode])

/** The numbers of a run, short. */
export const settingsWords = (s: LabSettings): string =>
  t('labNumbers', { tasks: s.tasks, cpu: s.cpu, wait: s.wait_ms, repeat: s.repeat })
