// The name of this device.
import { expect, it } from 'vitest'
import { deviceName } from './device'

it('a browser and its system are named from the User-Agent', () => {
  const edge =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36 Edg/120.0.0.0'
  const android =
    'Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36'
  const iphone =
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.0 Safari/604.1'
  expect([edge, android, iphone].map(deviceName)).toEqual([
    'Edge · Windows',
    'Chrome · Android',
    'Safari · iOS',
  ])
})

it('an unknown browser is named all the same', () => {
  expect(deviceName('curl/8')).toBe('Browser')
})
