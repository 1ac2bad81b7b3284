// Real answers of a running server: one for every operation that returns JSON, some refusals, and events of a stream.
import { JSON_TYPE, bodySchema } from './document.mjs'
import { NDJSON_TYPE } from './http.mjs'
import { concrete } from './requests.mjs'
import { invitation, makeRoom, makeWorld } from './world.mjs'

/** The likeliest request: required parameters, and every property of the body for which the world has a value. */
function likeliest(document, operation, world) {
  const value = (name) => world.values[name] ?? world.fresh[name]?.()
  const required = operation.parameters.filter((parameter) => parameter.required)
  const parameters = Object.fromEntries(required.map(({ name }) => [name, value(name)]))
  const schema = bodySchema(document, operation)
  const names = Object.keys(schema?.properties ?? {}).filter((name) => value(name) !== undefined)
  const body = schema && Object.fromEntries(names.map((name) => [name, value(name)]))
  return { caller: 'alice', accept: '*/*', parameters, ...(schema && { body }) }
}

/** Calls an operation as `change` has the likeliest request. Returns {operation, status, value}. */
async function answer(document, client, admin, operation, change = {}) {
  const world = await makeWorld(client, admin, operation)
  const request = { ...likeliest(document, operation, world), ...change }
  const sent = concrete(document, operation, world, request)
  let reply = await client.send(sent)
  if (reply.status === 403) {
    // For admins of the server only.
    reply = await client.send(concrete(document, operation, world, { ...request, caller: 'admin' }))
  }
  if (reply.type !== JSON_TYPE) return null
  return { operation, status: reply.status, value: JSON.parse(reply.bytes) }
}

const returnsJson = ({ responses }) =>
  Object.entries(responses).some(
    ([status, { content }]) => status < 300 && content?.[JSON_TYPE]?.schema,
  )

/** Answers of all operations: {operation, status, value}. */
export async function collectAnswers(document, client, admin) {
  const all = []
  for (const operation of document.operations.filter(returnsJson)) {
    all.push(await answer(document, client, admin, operation))
    if (operation.signed) {
      all.push(await answer(document, client, admin, operation, { caller: 'nobody' }))
    }
    const [path] = operation.parameters.filter((parameter) => parameter.in === 'path')
    if (path) {
      const parameters = Object.fromEntries(operation.parameters.map(({ name }) => [name, 'x']))
      all.push(await answer(document, client, admin, operation, { parameters }))
    }
  }
  return all.filter((one) => one !== null)
}

/**
 * Events of every kind that the document declares, as lines of the NDJSON form. `streamers` are the processes that hold
 * streams: they are told to end, so that `bye` comes.
 */
export async function collectEvents(document, client, admin, streamers) {
  const { alice, bob, eve, values } = await makeWorld(client, admin, { path: '/api/events' })
  const stream = (person, accept) =>
    client.listen({
      target: '/api/events?after=garbage',
      headers: { Accept: accept, Authorization: `Bearer ${person.token}` },
    })
  const lines = stream(alice, NDJSON_TYPE)
  await lines.until((list) => list.some(({ event }) => event === 'hello'))
  const others = stream(bob, 'text/event-stream')
  await others.until((list) => list.length > 0)
  const act = (person, method, path, json) =>
    client.call(method, path, { token: person.token, json })
  const room = `/api/rooms/${values.room_id}`
  await act(bob, 'POST', `${room}/messages`, { client_id: 'e', body: '大家好' })
  await act(bob, 'POST', `${room}/typing`)
  await act(bob, 'PUT', `${room}/read`, { seq: 3 })
  await makeRoom(client, eve, alice)
  await invitation(client, alice, eve)
  await act(alice, 'POST', '/api/exports')
  const kinds = eventKinds(document).filter((kind) => kind !== 'bye')
  await lines.until((list) => kinds.every((kind) => list.some(({ event }) => event === kind)))
  await others.until((list) => list.some(({ event }) => event === 'entry'))
  for (const pid of streamers) process.kill(pid, 'SIGTERM')
  const ends = (list) => list.some(({ event }) => event === 'bye')
  return [...(await lines.until(ends)), ...(await others.until(ends))]
}

/** The names of the events that the document declares. */
function eventKinds(document) {
  const { oneOf = [] } = document.follow(eventSchema(document) ?? {})
  return oneOf.map((event) => document.follow(event).properties.event.const)
}

/** The schema of an event, as the operation that streams them declares it. */
export function eventSchema(document) {
  for (const { responses } of document.operations) {
    const schema = responses[200]?.content?.[NDJSON_TYPE]?.schema
    if (schema) return schema
  }
  return null
}

// Nothing in the API is a list of a list of an object.
const NONSENSE = [[{}]]

/** Copies of an answer that its schema refuses: something is missing, of another type, or an unknown code. */
export function damaged(document, schema, value) {
  const copies = []
  for (const key of Object.keys(value)) {
    const { [key]: _, ...rest } = value
    copies.push(rest, { ...value, [key]: NONSENSE })
    if (value[key]?.[0]?.id !== undefined) {
      copies.push({ ...value, [key]: [{ ...value[key][0], id: NONSENSE }] })
    }
  }
  for (const word of ['code', 'event', 'role', 'kind']) {
    if (typeof value[word] === 'string') copies.push({ ...value, [word]: 'no_such_word' })
  }
  return copies.filter((copy) => !document.accepts(schema, copy))
}
