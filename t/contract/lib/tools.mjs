// Shared by the tests of the generators: the answers to check, the compiler, and how generated names are made.
import { execFile } from 'node:child_process'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { collectAnswers, collectEvents, damaged, eventSchema } from './answers.mjs'
import { Document, JSON_TYPE } from './document.mjs'
import { Client } from './http.mjs'
import { diag, ok, refuse } from './tap.mjs'
import { makeWorld } from './world.mjs'

export const FEWEST_DAMAGES = 100
const modules = fileURLToPath(new URL('../node_modules', import.meta.url))

/** Reads the file that ContractTest.pm has written, and makes the folder one from which packages are found. */
export async function open() {
  const test = JSON.parse(await readFile(process.argv[2]))
  process.chdir(test.folder)
  await symlink(modules, 'node_modules')
  const json = JSON.parse(await readFile('openapi.json'))
  return { ...test, document: new Document(json), client: new Client(test.url) }
}

/** Runs a program of a package. Throws with its output unless it succeeds. */
export async function run(name, ...words) {
  try {
    const { stdout, stderr } = await promisify(execFile)(`node_modules/.bin/${name}`, words, {
      maxBuffer: 1e8,
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    })
    return stdout + stderr
  } catch (error) {
    return refuse(`${name}: ${error.message}\n${error.stdout}${error.stderr}`)
  }
}

/** Compiles TypeScript files of this folder as strictly as tsc can, into `out`. */
export async function compile(...files) {
  await writeFile('package.json', '{"private": true, "type": "commonjs"}')
  await writeFile(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        strict: true,
        noEmitOnError: true,
        skipLibCheck: true, // of the packages' own declarations
        target: 'es2022',
        lib: ['es2022', 'dom', 'dom.iterable'],
        module: 'commonjs',
        moduleResolution: 'node10',
        types: [],
        rootDir: '.',
        outDir: 'out',
      },
      files,
    }),
  )
  await run('tsc', '--project', 'tsconfig.json', '--pretty', 'false')
}

/** Loads a compiled module. */
export const load = (name) => createRequire(`${process.cwd()}/`)(`./out/${name}`)

/** "send_message" and "get_api_rooms" as generators write them in a name. */
export const pascal = (id) => id.replace(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase())
export const camel = (id) => id.replace(/_(\w)/g, (_, letter) => letter.toUpperCase())

/**
 * Returns all that validators are tried on: {name, schema, value, damages} with {operation, status} of an answer, or {event} of an event.
 */
export async function collect({ document, client, admin, streamers }) {
  const stream = eventSchema(document)
  const answers = (await collectAnswers(document, client, admin)).map(
    ({ operation, status, value }) => ({
      name: `${operation.name}: ${status}`,
      operation,
      status,
      schema: operation.responses[status]?.content?.[JSON_TYPE]?.schema,
      value,
    }),
  )
  const events = (await collectEvents(document, client, admin, streamers)).map((value) => ({
    name: `event ${value.event}`,
    event: true,
    schema: stream,
    value,
  }))
  client.close()
  const checked = [...answers, ...events]
  const undeclared = checked.filter(({ schema }) => !schema).map(({ name }) => name)
  ok(undeclared.length === 0, 'the document has a schema for every answer and every event')
  if (undeclared.length > 0) diag(undeclared.join(', '))
  return checked
    .filter(({ schema }) => schema)
    .map((one) => ({ ...one, damages: damaged(document, one.schema, one.value) }))
}

/**
 * Runs validators on all that was collected: `find` returns the one for an answer, a function. Throws unless each accepts
 * its answer and refuses every damaged copy.
 */
export function validate(collected, find) {
  const wrong = []
  let damages = 0
  for (const one of collected) {
    const accepts = find(one)
    if (!accepts) wrong.push(`no validator for ${one.name}`)
    else if (!accepts(one.value)) wrong.push(`refused: ${one.name} ${JSON.stringify(one.value)}`)
    for (const damage of accepts ? one.damages : []) {
      damages++
      if (accepts(damage)) wrong.push(`accepted: ${one.name} ${JSON.stringify(damage)}`)
    }
  }
  if (damages < FEWEST_DAMAGES) wrong.push(`only ${damages} damaged answers`)
  if (wrong.length > 0) refuse(wrong.join('\n'))
}

/**
 * Calls every GET that returns JSON through a generated client: `call(operation, {token, path, query})` returns the
 * status. Throws unless it is 200.
 */
export async function callEveryGet({ document, client, admin }, call) {
  const gets = document.operations.filter(
    ({ method, responses }) => method === 'GET' && responses[200]?.content?.[JSON_TYPE],
  )
  for (const operation of gets) {
    const { alice, values } = await makeWorld(client, admin, operation)
    const given = (place) =>
      Object.fromEntries(
        operation.parameters
          .filter((parameter) => parameter.in === place && parameter.required)
          .map(({ name }) => [name, values[name]]),
      )
    const status = await call(operation, {
      token: alice.token,
      path: given('path'),
      query: given('query'),
    })
    if (status !== 200) refuse(`${operation.name}: ${status}`)
  }
}
