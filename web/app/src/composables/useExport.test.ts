// The export of the user's data.
import { expect, it } from 'vitest'
import type { Task } from '../api/client'
import { exportState, fileName } from './useExport'

const NOW = Date.parse('2026-01-01T12:00:00.000Z')
const result = {
  rooms: 1,
  entries: 2,
  bytes: 3,
  download: '/x',
  expires_at: '2026-01-02T00:00:00.000Z',
}
const task = (more: object) => ({ id: 5, progress: 40, error: null, ...more }) as Task

it('without a task there is no export', () => {
  expect(exportState(null, undefined, NOW)).toEqual({ name: 'none' })
})

it('a task that has not ended shows its progress, 0 until it is loaded', () => {
  expect(exportState(5, undefined, NOW)).toEqual({ name: 'working', progress: 0 })
  expect(exportState(5, task({ state: 'running' }), NOW)).toEqual({ name: 'working', progress: 40 })
})

it('a finished export is ready until it expires', () => {
  const done = task({ state: 'done', result })
  expect(exportState(5, done, NOW)).toEqual({ name: 'ready', result })
  expect(exportState(5, done, NOW + 86_400_000)).toEqual({ name: 'none' })
})

it('a dead task is a failed export', () => {
  const dead = task({ state: 'dead', error: 'disk full' })
  expect(exportState(5, dead, NOW)).toEqual({ name: 'failed', error: 'disk full' })
})

it('the file is named after the day', () => {
  expect(fileName(new Date(NOW))).toBe('fastchat-2026-01-01.zip')
})
