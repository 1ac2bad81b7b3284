// A page on another origin calls the API in Chromium, and reads each status with its code and headers; a page of an
// origin that is not allowed reads none: node cors.mjs URL PICTURES CHROMIUM ALLOWED OTHER TOKEN EXPORT PHASE, where
// ALLOWED and OTHER are ports for the two pages, and PHASE is running, no-database or stopped.
import { createServer } from 'node:http'
import { failures, launch, ok, step } from './people.mjs'

const [url, , executablePath, allowed, other, token, download, phase] = process.argv.slice(2)
const WAIT_MS = 30_000 // a busy machine is slow

const authorized = { Authorization: `Bearer ${token}`, 'Accept-Language': 'zh' }
const json = { ...authorized, 'Content-Type': 'application/json' }
const post = (body, headers = json) => ({ method: 'POST', headers, body })

// The calls, and the answers that a page reads. `early`: nginx refuses the call before it has read the origin.
const CALLS = {
  running: [
    { call: ['/api'], status: 200 },
    { call: ['/api/users/me', { headers: authorized }], status: 200, exposes: ['X-Request-ID'] },
    { call: ['/api/rooms', post('{"name":"x"}')], status: 201 },
    { call: ['/api/trial/pause?ms=1', { headers: authorized }], status: 204 },
    {
      call: [`/api/exports/${download}`, { headers: { ...authorized, Range: 'bytes=2-4' } }],
      status: 206,
      text: 'cde',
      exposes: ['ETag', 'Content-Range', 'Accept-Ranges', 'Content-Disposition'],
    },
    {
      call: [`/api/exports/${download}`, { headers: { ...authorized, 'If-None-Match': '*' } }],
      status: 304,
      exposes: ['ETag'],
    },
    {
      call: [`/api/exports/${download}`, { headers: { ...authorized, Range: 'bytes=99-' } }],
      status: 416,
      code: 'range_not_satisfiable',
      exposes: ['Content-Range'],
    },
    { call: ['/api/%zz', { headers: authorized }], status: 400, code: 'bad_request', early: true },
    { call: ['/api/users/me'], status: 401, code: 'not_signed_in' },
    { call: ['/api/nothing', { headers: authorized }], status: 404, code: 'not_found' },
    {
      call: ['/api/nothing', { method: 'DELETE', headers: authorized }],
      status: 404,
      code: 'not_found',
    },
    { call: ['/assets/none.js', { headers: authorized }], status: 404, code: 'not_found' },
    {
      call: ['/api/users/me', post('{}')],
      status: 405,
      code: 'method_not_allowed',
      exposes: ['Allow'],
    },
    { call: ['/api/rooms', post('x'.repeat(2_000_000))], status: 413, code: 'body_too_large' },
    { call: ['/api/rooms', post('x'.repeat(500_000))], status: 413, code: 'body_too_large' },
    {
      call: [`/api?${'x'.repeat(9_000)}`, { headers: authorized }],
      status: 414,
      code: 'uri_too_long',
      early: true,
    },
    {
      call: ['/api/rooms', post('x', { ...authorized, 'Content-Type': 'text/plain' })],
      status: 415,
      code: 'unsupported_media_type',
    },
    {
      call: ['/api/rooms', post('{}', { ...json, 'Content-Encoding': 'gzip' })],
      status: 415,
      code: 'unsupported_media_type',
      exposes: ['Accept-Encoding'],
    },
    { call: ['/api/rooms', post('{}')], status: 422 },
    {
      call: ['/api', { headers: { ...authorized, 'X-Requested-With': 'x'.repeat(9_000) } }],
      status: 431,
      code: 'headers_too_large',
      early: true,
    },
    {
      call: ['/api/trial/pause?ms=9999', { headers: authorized }],
      status: 504,
      code: 'deadline_exceeded',
      exposes: ['Retry-After'],
    },
  ],
  'no-database': [
    { call: ['/api/readyz'], status: 503, code: 'unavailable', exposes: ['Retry-After'] },
  ],
  stopped: [
    { call: ['/api'], status: 502, code: 'unavailable', exposes: ['Retry-After'] },
    {
      call: ['/api/rooms', post('{"name":"x"}')],
      status: 502,
      code: 'unavailable',
      exposes: ['Retry-After', 'X-Request-ID'],
    },
    {
      call: ['/api/rooms/1', { method: 'DELETE', headers: authorized }],
      status: 502,
      code: 'unavailable',
    },
  ],
}

/** A page of that origin, in a window of its own. */
async function pageOf(browser, port) {
  const server = createServer((_, answer) => answer.end('<!doctype html><title>H5</title>'))
  await new Promise((listening) => server.listen(Number(port), '127.0.0.1', listening))
  const page = await browser.newPage()
  page.setDefaultTimeout(WAIT_MS)
  await page.goto(`http://127.0.0.1:${port}/`)
  return { page, close: () => server.close() }
}

/** Calls from the page. Returns what its script can read; { rejected } if that is nothing. */
function read(page, [path, options]) {
  return page.evaluate(
    async ([url, options]) => {
      try {
        const reply = await fetch(url, options)
        const headers = Object.fromEntries([...reply.headers])
        const text = await reply.text()
        return { status: reply.status, headers, text }
      } catch (error) {
        return { rejected: String(error) }
      }
    },
    [url + path, options],
  )
}

function nameOf({ call: [path, options], status }) {
  const shown = path.length > 40 ? `${path.slice(0, 40)}…` : path
  return `${status} of ${options?.method ?? 'GET'} ${shown.replace(download, 'N')}`
}

function check(reply, { status, code, text, exposes = [] }) {
  if (reply.rejected) throw new Error(reply.rejected)
  if (reply.status !== status)
    throw new Error(`status ${reply.status}: ${reply.text.slice(0, 200)}`)
  if (code && JSON.parse(reply.text).code !== code) throw new Error(reply.text)
  if (text && reply.text !== text) throw new Error(reply.text)
  for (const name of exposes)
    if (!reply.headers[name.toLowerCase()])
      throw new Error(`${name} is not among ${Object.keys(reply.headers).join(', ')}`)
}

/** Opens a stream in the page, which keeps it. Returns the status and the beginning of the body. */
function openStream(page, accept) {
  return page.evaluate(
    async ([url, headers]) => {
      const reply = await fetch(url, { headers })
      const reader = reply.body.getReader()
      const { value } = await reader.read()
      ;(window.streams ??= []).push(reader)
      return { status: reply.status, begin: new TextDecoder().decode(value), url }
    },
    [`${url}/api/events`, { ...authorized, Accept: accept }],
  )
}

async function checkStreams(page) {
  await step('a page on another origin reads a stream of events', async () => {
    const stream = await openStream(page, 'text/event-stream')
    if (!/^(retry|event|id|:)/.test(stream.begin)) throw new Error(stream.begin)
  })
  await step('a page on another origin reads a stream of lines', async () => {
    const stream = await openStream(page, 'application/x-ndjson')
    if (JSON.parse(stream.begin.split('\n')[0]).event !== 'hello') throw new Error(stream.begin)
  })
  await step('a page on another origin reads the 429 of nginx', async () => {
    check(await read(page, ['/api/events', { headers: authorized }]), {
      status: 429,
      code: 'too_many_connections',
      exposes: ['Retry-After'],
    })
  })
}

/** A page of another origin reads nothing, or the fixed text of an early refusal. */
function checkStranger(reply, { status, code, early }) {
  if (reply.rejected) return
  if (!early || reply.status !== status || JSON.parse(reply.text).code !== code)
    throw new Error(`read ${reply.status}: ${reply.text.slice(0, 200)}`)
}

const browser = await launch(executablePath)
try {
  const ours = await pageOf(browser, allowed)
  const stranger = await pageOf(browser, other)
  for (const expected of CALLS[phase]) {
    const name = nameOf(expected)
    await step(`a page of an allowed origin reads the ${name}`, async () =>
      check(await read(ours.page, expected.call), expected),
    )
    const seen = expected.early ? 'reads only the fixed text of' : 'does not read'
    await step(`a page of another origin ${seen} the ${name}`, async () =>
      checkStranger(await read(stranger.page, expected.call), expected),
    )
  }
  if (phase === 'running') await checkStreams(ours.page)
  ok(true, `the browser has seen the phase ${phase}`)
  ours.close()
  stranger.close()
} finally {
  await browser.close()
}
process.exit(failures() > 0 ? 1 : 0)
