// Values for a schema, for fast-check: valid ones, those at its bounds, and broken ones. They are attempts: whether a
// value is valid is decided afterwards, by the schema itself.
import fc from 'fast-check'

/** Stands for a value of the world, which is known only when the request is sent. */
export class Named {
  constructor(name) {
    this.name = name
  }

  toString() {
    return `<${this.name}>`
  }
}

const LARGEST = Number.MAX_SAFE_INTEGER
const MOST_ELEMENTS = 2_100 // beyond the largest list that the document allows
const CHARACTERS = ['a', 'b', 'z', '0', '1', '_', 'é', '好', '名']
const ODD_TEXTS = [
  '',
  ' ',
  '\0',
  '\u202e',
  '\u200d',
  '\ud800',
  'a\nb',
  '😀',
  "' OR 1=1",
  '../..',
  '%',
]
const OTHER_TYPES = [
  true,
  'x',
  '',
  1.5,
  -1,
  [],
  {},
  [[]],
  1e300,
  '1',
  '1.0',
  ' 1 ',
  'True',
  2 ** 53,
]

const typesOf = (schema) => {
  const types = [schema.type ?? []].flat()
  return types.length > 0 ? types : schema.properties ? ['object'] : []
}

const text = (minLength, maxLength) =>
  fc.string({ unit: fc.constantFrom(...CHARACTERS), minLength, maxLength })

const long = (length) => fc.constantFrom('a', '好').map((unit) => unit.repeat(Math.max(0, length)))

const lengths = (schema) => [schema.minLength ?? 0, schema.maxLength ?? 200]
const bounds = (schema) => [
  schema.minimum ?? (schema.exclusiveMinimum ?? -LARGEST - 1) + 1,
  schema.maximum ?? (schema.exclusiveMaximum ?? LARGEST + 1) - 1,
]
const elements = (schema) => [
  schema.minItems ?? schema.minProperties ?? 0,
  Math.min(MOST_ELEMENTS, schema.maxItems ?? schema.maxProperties ?? 20),
]

/** A value that the schema should accept. A property that `known` has gets the world's value. */
export function valid(document, schema, name, known) {
  const at = document.follow(schema)
  if (known.has(name)) return fc.constant(new Named(name))
  if ('const' in at) return fc.constant(at.const)
  if (at.enum) return fc.constantFrom(...at.enum)
  const variants = at.oneOf ?? at.anyOf
  if (variants) return fc.oneof(...variants.map((variant) => valid(document, variant, name, known)))
  const examples = [...(at.examples ?? []), ...('example' in at ? [at.example] : [])]
  const own = typesOf(at).map((type) => ofType(document, at, type, name, known))
  if (examples.length > 0) own.push(fc.constantFrom(...examples))
  return own.length > 0 ? fc.oneof(...own) : fc.constant('x')
}

function ofType(document, schema, type, name, known) {
  const [least, most] = bounds(schema)
  switch (type) {
    case 'null':
      return fc.constant(null)
    case 'boolean':
      return fc.boolean()
    case 'integer':
      return fc.integer({ min: least, max: Math.min(most, least + 1_000) })
    case 'number':
      return fc.double({ min: least, max: most, noNaN: true })
    case 'array':
      return fc.array(valid(document, schema.items ?? {}, '', new Set()), {
        minLength: elements(schema)[0],
        maxLength: Math.min(5, elements(schema)[1]),
      })
    case 'object':
      return object(document, schema, known, (inner, key) => valid(document, inner, key, known))
    default:
      return text(lengths(schema)[0], Math.min(lengths(schema)[1], lengths(schema)[0] + 8))
  }
}

/** Values at the bounds of a schema, inside them and just outside. */
export function boundary(document, schema, name, known) {
  const at = document.follow(schema)
  if (at.enum || 'const' in at) return valid(document, at, name, new Set())
  const variants = at.oneOf ?? at.anyOf
  if (variants)
    return fc.oneof(...variants.map((variant) => boundary(document, variant, name, known)))
  const types = typesOf(at).map((type) => boundaryOfType(document, at, type, name, known))
  return types.length > 0 ? fc.oneof(...types) : valid(document, at, name, new Set())
}

function boundaryOfType(document, schema, type, name, known) {
  const [least, most] = bounds(schema)
  const [shortest, longest] = lengths(schema)
  const [fewest, largest] = elements(schema)
  switch (type) {
    case 'integer':
    case 'number':
      return fc.constantFrom(...around(least), ...around(most))
    case 'string':
      return fc.oneof(
        fc.constantFrom(...around(shortest), ...around(longest)).chain(long),
        text(shortest, longest),
      )
    case 'array':
      return repeated(
        document,
        schema.items ?? {},
        fc.constantFrom(fewest, fewest + 1, largest, largest + 1),
      )
    case 'object':
      return schema.properties
        ? object(document, schema, known, (inner, key) => boundary(document, inner, key, known))
        : marks(document, schema, fc.constantFrom(fewest, fewest + 1, largest, largest + 1))
    default:
      return valid(document, schema, name, new Set())
  }
}

const around = (bound) => [bound - 1, bound, bound + 1]

const repeated = (document, schema, count) =>
  fc.tuple(count, valid(document, schema, '', new Set())).map(([n, item]) => Array(n).fill(item))

// An object of ids: {"1": …, "2": …}.
const marks = (document, schema, count) =>
  fc
    .tuple(count, valid(document, schema.additionalProperties ?? {}, '', new Set()))
    .map(([n, item]) => Object.fromEntries(Array.from({ length: n }, (_, key) => [key + 1, item])))

/** A value that the schema should refuse. */
export function broken(document, schema, name, known) {
  const at = document.follow(schema)
  const choices = [fc.constant(null), fc.constantFrom(...OTHER_TYPES)]
  if (at.enum) choices.push(fc.constantFrom(...at.enum).map((word) => `${word}s`.toUpperCase()))
  if (typesOf(at).includes('string')) {
    choices.push(fc.constantFrom(...ODD_TEXTS), long(lengths(at)[1] + 1), long(lengths(at)[0] - 1))
  }
  if (typesOf(at).includes('integer') || typesOf(at).includes('number')) {
    choices.push(fc.constantFrom(...around(bounds(at)[0]), ...around(bounds(at)[1])))
  }
  if (at.items) {
    choices.push(broken(document, at.items, '', known).map((item) => [item]))
  }
  if (at.properties) {
    return fc.oneof(
      { weight: 1, arbitrary: fc.oneof(...choices) },
      { weight: 6, arbitrary: brokenObject(document, at, known) },
    )
  }
  if (typesOf(at).includes('object') && at.additionalProperties) {
    choices.push(brokenMarks(document, at, known))
  }
  return fc.oneof(...choices)
}

const brokenMarks = (document, schema, known) =>
  fc
    .tuple(
      fc.constantFrom('1', '0', '-1', 'x', '', '9007199254740993'),
      broken(document, schema.additionalProperties, '', known),
    )
    .map(([key, value]) => ({ [key]: value }))

// A valid object of which one property is broken, missing or unknown.
function brokenObject(document, schema, known) {
  const whole = object(document, schema, known, (inner, key) => valid(document, inner, key, known))
  const names = Object.keys(schema.properties)
  const changes = names.map((key) =>
    fc.oneof(
      broken(document, schema.properties[key], key, known).map((value) => (from) => ({
        ...from,
        [key]: value,
      })),
      fc.constant((from) => {
        const { [key]: _, ...rest } = from
        return rest
      }),
    ),
  )
  changes.push(fc.constant((from) => ({ ...from, is_admin: true })))
  return fc.tuple(whole, fc.oneof(...changes)).map(([from, change]) => change(from))
}

// Every required property, and some of the others.
function object(document, schema, known, make) {
  if (!schema.properties) {
    const value = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {}
    return fc
      .array(fc.tuple(fc.integer({ min: 1, max: 99 }).map(String), make(value, '')), {
        maxLength: 4,
      })
      .map(Object.fromEntries)
  }
  return fc.record(
    Object.fromEntries(
      Object.entries(schema.properties).map(([key, inner]) => [key, make(inner, key)]),
    ),
    { requiredKeys: schema.required ?? [] },
  )
}
