// The conversions that the server makes, beyond what the document's schemas accept: pydantic's lax mode, as docs/api.md
// lists it.

const INTEGER = /^\s*[+-]?\d+(?:_\d+)*(?:\.0*)?\s*$/
const NUMBER = /^\s*[+-]?(?:\d+(?:_\d+)*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/
const BOOLEANS = { true: true, t: true, yes: true, y: true, on: true, 1: true }
Object.assign(BOOLEANS, { false: false, f: false, no: false, n: false, off: false, 0: false })

const number = (text) => Number(text.trim().replaceAll('_', ''))

// In the document, an integer of any size is a text of digits.
const DIGITS = '^-?[0-9]{'
const plain = (text) => text.trim().replace(/^\+|_|\.0*$/g, '')

const CONVERSIONS = {
  string(value, { pattern }) {
    return pattern?.startsWith(DIGITS) && INTEGER.test(value) ? plain(value) : value
  },
  integer(value) {
    if (typeof value === 'boolean') return Number(value)
    return typeof value === 'string' && INTEGER.test(value) ? number(value) : value
  },
  number(value) {
    if (typeof value === 'boolean') return Number(value)
    return typeof value === 'string' && NUMBER.test(value) ? number(value) : value
  },
  boolean(value) {
    return BOOLEANS[String(value).toLowerCase()] ?? value
  },
}

const typesOf = (schema) => [schema.type ?? []].flat()

/** The value as the server reads it: what can be converted to its schema's type is. */
export function lax(document, schema, value) {
  const known = document.follow(schema)
  for (const variant of [...(known.oneOf ?? []), ...(known.anyOf ?? [])]) {
    const read = lax(document, variant, value)
    if (document.accepts(variant, read)) return read
  }
  if (Array.isArray(value)) {
    return known.items ? value.map((item) => lax(document, known.items, item)) : value
  }
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        const inner = known.properties?.[key] ?? known.additionalProperties
        return [key, inner && typeof inner === 'object' ? lax(document, inner, member) : member]
      }),
    )
  }
  for (const type of typesOf(known)) {
    const read = CONVERSIONS[type]?.(value, known) ?? value
    if (document.accepts(known, read)) return read
  }
  return value
}
