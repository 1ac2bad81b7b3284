// Whether a reply is one that the document declares.
import { JSON_TYPE } from './document.mjs'
import { EVENT_TYPES, NDJSON_TYPE, events } from './http.mjs'

/** Why the document does not have this reply, as text; null if it does. */
export function undeclared(document, operation, reply) {
  const { status, type, bytes } = reply
  if (status >= 500 && status !== 503) return `status ${status}`
  const response = operation.responses[status]
  if (!response) return `status ${status} is not declared`
  return (
    headerFault(document, response, reply) ??
    (response.content ? contentFault(document, response.content, type, bytes) : emptyFault(reply))
  )
}

const emptyFault = ({ status, bytes }) =>
  bytes.length > 0 ? `status ${status} is declared without a body` : null

function contentFault(document, content, type, bytes) {
  if (!(type in content)) return `media type "${type}" is not declared`
  if (EVENT_TYPES.includes(type)) {
    return eventFault(document, content[NDJSON_TYPE]?.schema, events({ type, bytes }))
  }
  const { schema } = content[type]
  if (type === JSON_TYPE) {
    if (!schema) return `no schema is declared for ${type}`
    try {
      return document.faults(schema, JSON.parse(bytes))
    } catch {
      return 'the body is not JSON'
    }
  }
  return null
}

// A line of the NDJSON form is an event as the document declares it; Server-Sent Events have the same parts.
function eventFault(document, schema, list) {
  if (!schema) return 'the events of the stream are not declared'
  const faults = list
    .map((event) => document.faults(schema, event))
    .filter((fault) => fault !== null)
  return faults.length > 0 ? `an event: ${faults[0]}` : null
}

function headerFault(document, response, { headers }) {
  for (const [name, declared] of Object.entries(response.headers ?? {})) {
    const { required, schema } = document.follow(declared)
    const given = headers[name.toLowerCase()]
    if (given === undefined) {
      if (required) return `header ${name} is missing`
      continue
    }
    const value =
      /^\d+$/.test(given) && document.follow(schema ?? {}).type === 'integer'
        ? Number(given)
        : given
    const fault = schema && document.faults(schema, value)
    if (fault) return `header ${name}: ${fault}`
  }
  return null
}

/** Codes of a problem that the reply's schema does not list one by one. */
export function openCodes(document, operation) {
  return Object.entries(operation.responses)
    .filter(([status]) => status >= 400)
    .filter(([, response]) => {
      const schema = response.content?.[JSON_TYPE]?.schema
      return !schema || document.accepts(schema, { detail: 'text', code: 'no_such_code_anywhere' })
    })
    .map(([status]) => status)
}
