// Requests to one operation, for fast-check; how they are sent, and what the document says of them.
import fc from 'fast-check'
import { JSON_TYPE, bodySchema } from './document.mjs'
import { lax } from './lax.mjs'
import { Named, boundary, broken, valid } from './values.mjs'
import { named } from './world.mjs'

const RAW_BODIES = [
  '',
  '{',
  '[]',
  'null',
  '"x"',
  '{} {}',
  '{"a":1,}',
  "{'a':1}",
  'NaN',
  '{"a":1e400}',
  '[[[[]]]]',
]
const RAW_QUERIES = [
  '%00',
  '%ff',
  '%zz',
  'no_such_parameter=1',
  '=',
  '&&',
  'limit=1&limit=2',
  '[]=1',
]

// Says which method a POST stands for, so its only sensible value is the operation's own.
const OVERRIDE = 'X-HTTP-Method-Override'

/** Those who call, the likeliest first: alice owns what the world's ids name, and eve is a stranger. */
const CALLERS = fc.oneof(
  { weight: 12, arbitrary: fc.constant('alice') },
  { weight: 3, arbitrary: fc.constant('admin') },
  { weight: 2, arbitrary: fc.constantFrom('bob', 'eve') },
  { weight: 1, arbitrary: fc.constantFrom('nobody', 'unknown') },
)

/** One request: {caller, accept, parameters: {name: value}, body, raw: {query, body, type}}. */
export function requests(document, operation, known) {
  const kinds = [
    { weight: 4, arbitrary: whole(document, operation, known, valid) },
    { weight: 3, arbitrary: whole(document, operation, known, boundary) },
    { weight: 4, arbitrary: oneBroken(document, operation, known) },
    { weight: 1, arbitrary: odd(document, operation, known) },
  ]
  const accept = fc.constantFrom(...mediaTypes(operation))
  return fc
    .record({ caller: CALLERS, accept, request: fc.oneof(...kinds) })
    .map(({ caller, accept: type, request }) => ({ caller, accept: type, ...request }))
}

const mediaTypes = (operation) => [
  ...new Set(
    Object.entries(operation.responses)
      .filter(([status]) => status < 300)
      .flatMap(([, response]) => Object.keys(response.content ?? { '*/*': {} })),
  ),
]

function whole(document, operation, known, make) {
  const parameters = Object.fromEntries(
    operation.parameters.map(({ name, schema }) => [
      name,
      name === OVERRIDE ? fc.constant(operation.method) : make(document, schema, name, known),
    ]),
  )
  const required = operation.parameters.filter((p) => p.required).map(({ name }) => name)
  const schema = bodySchema(document, operation)
  return fc.record(
    {
      parameters: fc.record(parameters, { requiredKeys: required }),
      ...(schema && { body: make(document, schema, '', known) }),
    },
    { requiredKeys: ['parameters', ...(operation.body?.required ? ['body'] : [])] },
  )
}

// A valid request with one broken parameter, or a broken body.
function oneBroken(document, operation, known) {
  const good = whole(document, operation, known, valid)
  const schema = bodySchema(document, operation)
  const breakable = operation.parameters.filter((parameter) => canBreak(document, parameter))
  const changes = breakable.map(({ name, schema: its }) =>
    broken(document, its, name, known).map((value) => (from) => ({
      ...from,
      parameters: { ...from.parameters, [name]: value },
    })),
  )
  if (schema) {
    const body = broken(document, schema, '', known).map((value) => (from) => ({
      ...from,
      body: value,
    }))
    changes.push(...changes.map(() => body), body) // as often as all parameters together
  }
  if (changes.length === 0) return good
  return fc.tuple(good, fc.oneof(...changes)).map(([from, change]) => change(from))
}

// Most headers may hold any text.
const canBreak = (document, { in: place, schema }) =>
  place !== 'header' || !document.accepts(schema, 'x')

// Bytes that no client library would send.
function odd(document, operation, known) {
  const raw = fc.record(
    {
      query: fc.constantFrom(...RAW_QUERIES),
      ...(operation.body && {
        body: fc.constantFrom(...RAW_BODIES),
        type: fc.constantFrom(
          'text/plain',
          'application/x-www-form-urlencoded',
          'application/xml',
          '',
        ),
      }),
    },
    { requiredKeys: [] },
  )
  return fc
    .tuple(whole(document, operation, known, valid), raw)
    .map(([from, bytes]) => ({ ...from, raw: bytes }))
}

/** Puts the world's values in place of their names. */
export function resolve(world, value) {
  if (value instanceof Named) return named(world, value.name)
  if (Array.isArray(value)) return value.map((item) => resolve(world, item))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, resolve(world, inner)]),
  )
}

const asText = (value) => (typeof value === 'string' ? value : JSON.stringify(value))
// A lone surrogate cannot be encoded: it becomes the replacement character, as in a browser.
const encoded = (value) => encodeURIComponent(asText(value).toWellFormed())

/**
 * The request as it is sent: {method, target, headers, body}, with `broken`: why the server must refuse it, or null.
 */
export function concrete(document, operation, world, request) {
  const parameters = Object.fromEntries(
    Object.entries(resolve(world, request.parameters)).filter(([, value]) => value !== undefined),
  )
  const reasons = []
  const of = (place) => operation.parameters.filter((p) => p.in === place && p.name in parameters)
  for (const parameter of operation.parameters) {
    if (!(parameter.name in parameters)) continue
    const reason = refusal(document, parameter, parameters[parameter.name])
    if (reason) reasons.push(`${parameter.name}: ${reason}`)
  }
  const path = operation.path.replace(/\{(\w+)\}/g, (_, name) => segment(parameters[name]))
  const query = of('query').flatMap(({ name, schema }) =>
    pairs(document, name, schema, parameters[name]),
  )
  if (request.raw?.query !== undefined) query.push(request.raw.query)
  const headers = { ...authorization(world, request.caller) }
  if (request.accept !== '*/*') headers.Accept = request.accept
  for (const { name } of of('header')) headers[name] = headerText(parameters[name])
  const { body, type, reason } = payload(document, operation, world, request)
  if (type) headers['Content-Type'] = type
  if (reason) reasons.push(`body: ${reason}`)
  const target = path + (query.length > 0 ? `?${query.join('&')}` : '')
  const method = OVERRIDE in parameters ? 'POST' : operation.method
  return { method, target, headers, body, broken: reasons[0] ?? null }
}

// Spaces at the ends of a header are no part of it, and only ASCII is portable.
const headerText = (value) =>
  /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(asText(value)) ? asText(value) : encoded(value)

// An empty segment, "." and ".." would be another path; nginx also takes %2F as a slash.
const segment = (value) => (/^\.{0,2}$|\//.test(asText(value)) ? '%20' : encoded(value))

// A list is repeated; a value of another type is sent as its text.
function pairs(document, name, schema, value) {
  const values = Array.isArray(value) && document.follow(schema).type === 'array' ? value : [value]
  return values.map((one) => `${name}=${encoded(one)}`)
}

// Everything in a path, a query or a header is text: it is broken if the schema accepts neither the text nor its
// conversion.
function refusal(document, { in: place, schema }, value) {
  const asSent = { path: (one) => decodeURIComponent(segment(one)), header: headerText }
  const text = asSent[place] ?? ((one) => asText(one).toWellFormed())
  const isList = Array.isArray(value) && document.follow(schema).type === 'array'
  const given = isList ? value.map(text) : text(value)
  return document.accepts(schema, given)
    ? null
    : document.faults(schema, lax(document, schema, given))
}

function authorization(world, caller) {
  if (caller === 'nobody') return {}
  return { Authorization: `Bearer ${caller === 'unknown' ? 'x'.repeat(43) : world[caller].token}` }
}

// The bytes of the body, its media type, and why it must be refused.
function payload(document, operation, world, request) {
  if (!operation.body) return {}
  const raw = request.raw ?? {}
  let body
  if (raw.body !== undefined) body = raw.body
  else if ('body' in request) body = JSON.stringify(resolve(world, request.body))
  const type = raw.type ?? (body === undefined ? '' : JSON_TYPE)
  const bytes = body === undefined ? undefined : Buffer.from(body)
  return { body: bytes, type, reason: bodyRefusal(document, operation, body ?? '', type) }
}

function bodyRefusal(document, operation, body, type) {
  if (body === '') return operation.body.required ? 'it is missing' : null
  if (!(type in operation.body.content)) return `its media type is "${type}"`
  const schema = bodySchema(document, operation)
  try {
    const value = JSON.parse(body)
    return document.accepts(schema, value)
      ? null
      : document.faults(schema, lax(document, schema, value))
  } catch {
    return 'it is not JSON'
  }
}

const quoted = (text) =>
  /^[\x20-\x7e]*$/.test(text)
    ? `'${text.replaceAll("'", String.raw`'\''`)}'`
    : `$'${[...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}'`

/** The request as a line for a shell. */
export function curl(url, { method, target, headers, body }) {
  const words = ['curl -i -X', method]
  for (const [name, value] of Object.entries(headers)) words.push('-H', quoted(`${name}: ${value}`))
  if (body !== undefined) words.push('--data-binary', quoted(body.toString()))
  return [...words, quoted(url + target)].join(' ')
}
