// node types.mjs TEST: openapi-typescript. It makes no validators: tsc itself checks real answers, written as literals.
import { readFile, writeFile } from 'node:fs/promises'
import openapiTS, { astToString } from 'openapi-typescript'
import { failures, ok, step } from './lib/tap.mjs'
import { FEWEST_DAMAGES, collect, compile, load, open } from './lib/tools.mjs'

const test = await open()

await step('openapi-typescript takes the document', async () => {
  const json = JSON.parse(await readFile('openapi.json'))
  await writeFile('schema.ts', astToString(await openapiTS(json, { defaultNonNullable: false })))
})

const collected = await step('every route that returns JSON is answered as declared', () =>
  collect(test),
)

const typeOf = ({ event, operation, status }) =>
  event
    ? `operations['${test.document.operations.find((o) => o.responses[200]?.content?.['application/x-ndjson']).id}']['responses'][200]['content']['application/x-ndjson']`
    : `operations['${operation.id}']['responses'][${status}]['content']['application/json']`

const lines = ["import type { operations } from './schema'", 'export const values: unknown[] = []']
let damages = 0
for (const one of collected ?? []) {
  const type = typeOf(one)
  lines.push('{', `const value: ${type} = ${JSON.stringify(one.value)}`, 'values.push(value)', '}')
  for (const damage of one.damages) {
    damages++
    lines.push(
      '{',
      '// @ts-expect-error',
      `const value: ${type} = ${JSON.stringify(damage)}`,
      'void value',
      '}',
    )
  }
}
await writeFile('answers.ts', lines.join('\n'))
await step('tsc accepts every real answer, and refuses every damaged one', () =>
  compile('schema.ts', 'answers.ts'),
)
await step('the compiled types load in Node', async () => {
  load('schema.js')
  load('answers.js')
})
ok(damages >= FEWEST_DAMAGES, 'many damaged answers are checked')
process.exitCode = failures() > 0 ? 1 : 0
