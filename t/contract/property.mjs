// node property.mjs TEST: seeded requests to every operation of /openapi.json.
import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { Document, JSON_TYPE, bodySchema } from './lib/document.mjs'
import { Client } from './lib/http.mjs'
import { openCodes, undeclared } from './lib/replies.mjs'
import { concrete, curl, requests } from './lib/requests.mjs'
import { diag, failures, ok, refuse, step } from './lib/tap.mjs'
import { makeWorld, signIn } from './lib/world.mjs'

const RUNS = Number(process.env.CONTRACT_RUNS ?? 200) // for each operation
const AT_ONCE = 6 // operations
const NEW_WORLDS = 8 // for an operation that changes what it is called with
const HELD_MS = 2_500 // longer than the wait of most long polls

const { url, admin } = JSON.parse(await readFile(process.argv[2]))
const seed = Number(process.env.CONTRACT_SEED ?? Date.now() % 1_000_000_000)
const client = new Client(url, 2 * AT_ONCE)
const { bytes } = await client.send({ method: 'GET', target: '/openapi.json' })
const document = new Document(JSON.parse(bytes))
// The tests' program has routes of its own, which are slow or go wrong on purpose.
const operations = document.operations.filter(({ path }) => !path.startsWith('/api/trial/'))

/** Names for which the world has values: a world is made for each operation, with the same names. */
const sample = await makeWorld(client, admin, { path: '/api/sessions/{task_id}' })

// An operation that is being called, its world, and what its replies were.
class Called {
  counts = { all: 0, done: 0, broken: 0, held: 0 }
  statuses = new Set()
  worlds = 0

  constructor(operation) {
    this.operation = operation
    this.known = new Set(Object.keys({ ...sample.values, ...sample.fresh }))
    this.holds = bodySchema(document, operation)?.properties?.wait !== undefined
  }

  async renew() {
    this.world = await makeWorld(client, admin, this.operation)
    this.worlds++
  }

  /** Sends one request. Throws if a promise is broken. */
  async check(request) {
    if (!this.world) await this.renew()
    const sent = concrete(document, this.operation, this.world, request)
    const patience = this.holds && !sent.broken ? HELD_MS : undefined
    const reply = await client.send({ ...sent, patience })
    this.counts.all++
    if (sent.broken) this.counts.broken++
    const fault = this.fault(request, sent, reply)
    if (fault) throw new Error(fault)
    await this.after(request, reply)
  }

  fault(request, sent, reply) {
    if (reply.held) return null
    const open = undeclared(document, this.operation, reply)
    if (open) return open
    if (sent.broken && (reply.status < 400 || reply.status >= 500)) {
      return `a broken request gets ${reply.status} (${sent.broken})`
    }
    if (
      this.operation.signed &&
      ['nobody', 'unknown'].includes(request.caller) &&
      reply.status < 400
    ) {
      return `a request without a session gets ${reply.status}`
    }
    return null
  }

  /** Makes a new world if the old one is used up, and ends what the call has started. */
  async after(request, reply) {
    if (reply.held) this.counts.held++
    else this.statuses.add(reply.status)
    if (reply.status < 300) this.counts.done++
    this.remember(reply)
    const token = this.world[request.caller]?.token
    if (reply.status === 202) await this.end(JSON.parse(reply.bytes).id, token)
    if (reply.status === 401 && token) {
      if (request.caller === 'admin') admin.token = await signIn(client, admin)
      await this.renew()
    } else if (reply.status < 300 && this.operation.method !== 'GET' && this.worlds < NEW_WORLDS) {
      await this.renew()
    }
  }

  /** Keeps what the next requests may send back. */
  remember({ status, headers, type, bytes }) {
    const { values } = this.world
    if (status === 200) values['If-None-Match'] = headers.etag
    if (status === 200 && type === JSON_TYPE) values.cursor = JSON.parse(bytes).next ?? undefined
  }

  /** Cancels a task that a call has queued: a run of the lab would take all processors. */
  async end(task, token) {
    if (task === undefined) return
    await client.send({
      method: 'POST',
      target: `/api/tasks/${task}/cancel`,
      headers: { Authorization: `Bearer ${token}` },
    })
  }
}

/** The shrunk request as a line of shell, and the reason. */
function report(called, details) {
  const [request] = details.counterexample
  const sent = concrete(document, called.operation, called.world, request)
  return [
    details.errorInstance?.message ?? details.error,
    curl(url, sent),
    `CONTRACT_SEED=${seed} repeats it; found after ${details.numRuns} requests, ${details.numShrinks} times shrunk`,
  ].join('\n')
}

async function check(operation) {
  const called = new Called(operation)
  await step(
    `${operation.name} answers every request as declared, and refuses broken ones`,
    async () => {
      const property = fc.asyncProperty(requests(document, operation, called.known), (r) =>
        called.check(r),
      )
      const details = await fc.check(property, { seed, numRuns: RUNS })
      if (details.failed) refuse(report(called, details))
    },
  )
  const { counts } = called
  ok(counts.all >= RUNS, `${operation.name} is called at least ${RUNS} times`)
  ok(counts.done > 0, `${operation.name} succeeds for some valid request`)
  if (operation.body || operation.parameters.some((parameter) => parameter.in !== 'header'))
    ok(counts.broken > 0, `${operation.name} is tried with broken requests`)
  console.log(
    `${operation.name}: ${JSON.stringify(counts)}, statuses ${[...called.statuses].sort().join(' ')}`,
  )
}

diag(`CONTRACT_SEED=${seed}`)
for (const operation of operations) {
  const open = openCodes(document, operation)
  ok(open.length === 0, `${operation.name} declares the code of every problem`)
  if (open.length > 0) diag(`not of ${open.join(', ')}`)
}
const left = [...operations]
await Promise.all(
  Array.from({ length: AT_ONCE }, async () => {
    while (left.length > 0) await check(left.shift())
  }),
)
client.close()
process.exitCode = failures() > 0 ? 1 : 0
