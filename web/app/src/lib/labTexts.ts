// The names of the lab's shapes and the settings of a run, as texts.
import { t, type MessageKey } from '../i18n'
import type { LabSettings, Mode } from './lab'

const SHAPE_NAMES: Record<Mode, MessageKey> = {
  serial: 'labSerial',
  threads: 'labThreads',
  event_loop: 'labEventLoop',
  processes: 'labProcesses',
}

export const shapeName = (mode: Mode): string => t(SHAPE_NAMES[mode])

/** The settings of a run in one line. */
export const settingsText = (settings: LabSettings): string =>
  t('labNumbers', {
    tasks: settings.tasks,
    cpu: settings.cpu,
    wait: settings.wait_ms,
    repeat: settings.repeat,
  })
