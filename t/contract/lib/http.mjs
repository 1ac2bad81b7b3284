// Sends requests as they are, on kept connections: fetch would normalize the path and refuse some headers.
import http from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const SILENT_MS = 60_000 // a busy machine is slow
const POLL_MS = 50
export const NDJSON_TYPE = 'application/x-ndjson'
export const EVENT_TYPES = ['text/event-stream', NDJSON_TYPE]

export class Client {
  constructor(url, sockets = 8) {
    this.url = new URL(url)
    this.agent = new http.Agent({ keepAlive: true, maxSockets: sockets })
  }

  close() {
    this.agent.destroy()
  }

  /**
   * Returns {status, headers, type, bytes, held}. Of a stream it reads the first events. `patience` ends the wait for a
   * reply that is held on purpose: `held` is then true.
   */
  async send({ method, target, headers = {}, body, patience }) {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#once({ method, target, headers, body, patience })
      } catch (error) {
        // The server may close a kept connection just as the next request leaves.
        if (!error.reused || tries > 5) throw error
      }
    }
  }

  #once({ method, target, headers, body, patience }) {
    return new Promise((resolve, reject) => {
      const length = body === undefined ? {} : { 'Content-Length': body.length }
      const request = http.request({
        host: this.url.hostname,
        port: this.url.port,
        agent: this.agent,
        method,
        path: target,
        headers: { ...length, ...headers },
        timeout: SILENT_MS,
      })
      const timer = patience && setTimeout(() => give({ held: true }), patience)
      const give = (answer) => {
        clearTimeout(timer)
        if (answer.held || answer.cut) request.destroy()
        resolve(answer)
      }
      request.on('timeout', () => request.destroy(new Error(`no answer in ${SILENT_MS} ms`)))
      request.on('error', (error) => {
        clearTimeout(timer)
        reject(
          Object.assign(error, { reused: request.reusedSocket && error.code === 'ECONNRESET' }),
        )
      })
      request.on('response', (response) => {
        clearTimeout(timer)
        this.#read(response, give)
      })
      request.end(body)
    })
  }

  #read(response, give) {
    const type = (response.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase()
    const chunks = []
    const answer = () => ({
      status: response.statusCode,
      headers: response.headers,
      type,
      bytes: Buffer.concat(chunks),
    })
    response.on('data', (chunk) => {
      chunks.push(chunk)
      if (!EVENT_TYPES.includes(type)) return
      const got = answer()
      if (events(got).length > 0) give({ ...got, cut: true })
    })
    response.on('end', () => give(answer()))
    response.on('error', () => give(answer()))
  }

  /**
   * Opens a stream: {until, close}. `until(done)` waits until `done` holds of the events so far, and returns them.
   */
  listen({ target, headers }) {
    const seen = { type: '', bytes: Buffer.alloc(0) }
    const { hostname: host, port } = this.url
    const request = http.get({ host, port, path: target, headers, agent: false }, (response) => {
      seen.type = response.headers['content-type'].split(';')[0]
      response.on('data', (chunk) => (seen.bytes = Buffer.concat([seen.bytes, chunk])))
      response.on('error', () => {}) // it is closed by this side
    })
    request.on('error', () => {})
    return {
      close: () => request.destroy(),
      async until(done) {
        const end = Date.now() + SILENT_MS
        while (!done(events(seen))) {
          if (Date.now() > end) throw new Error(`the stream has only sent ${seen.bytes}`)
          await sleep(POLL_MS)
        }
        return events(seen)
      },
    }
  }

  /** A call that must succeed: the JSON of its reply. */
  async call(method, target, { token, json } = {}) {
    const headers = {}
    if (token) headers.Authorization = `Bearer ${token}`
    if (json !== undefined) headers['Content-Type'] = 'application/json'
    const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
    const answer = await this.send({ method, target, headers, body })
    if (answer.status >= 300) {
      throw new Error(`${method} ${target}: ${answer.status} ${answer.bytes}`)
    }
    return answer.bytes.length > 0 && answer.type === 'application/json'
      ? JSON.parse(answer.bytes)
      : null
  }
}

/** The whole events that a stream has sent so far, in either form: {event, id, data}. */
export function events({ type, bytes }) {
  const text = bytes.toString()
  if (type === NDJSON_TYPE) {
    return text
      .split('\n')
      .slice(0, -1)
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))
  }
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      const lines = block.split('\n').filter((line) => !line.startsWith(':'))
      return Object.fromEntries(lines.map((line) => /^(\w+): ?(.*)$/.exec(line).slice(1)))
    })
    .filter((fields) => fields.data !== undefined)
    .map(({ event, id, data }) => ({
      event,
      ...(id === undefined ? {} : { id }),
      data: JSON.parse(data),
    }))
}
