// node hey_api.mjs TEST: hey-api's types, client, zod and valibot.
import { createClient } from '@hey-api/openapi-ts'
import { failures, refuse, step } from './lib/tap.mjs'
import {
  callEveryGet,
  camel,
  collect,
  compile,
  load,
  open,
  pascal,
  validate,
} from './lib/tools.mjs'

const test = await open()

await step('hey-api takes the document', () =>
  createClient({
    input: './openapi.json',
    output: { path: 'api' },
    logs: { level: 'silent' },
    plugins: [
      '@hey-api/client-fetch',
      '@hey-api/typescript',
      '@hey-api/sdk',
      { name: 'zod', dates: { offset: true } }, // times are in APP_TIMEZONE
      'valibot',
    ],
  }),
)
await step("hey-api's client, zod and valibot compile", () =>
  compile('api/index.ts', 'api/zod.gen.ts', 'api/valibot.gen.ts'),
)
const collected = await step('every route that returns JSON is answered as declared', () =>
  collect(test),
)

/** The validator for an answer: that of the operation's reply, or that of a component. */
function validator(module, prefix, { operation, status, schema }) {
  return status < 300
    ? module[`${prefix}${pascal(operation.id)}Response`]
    : module[`${prefix}${component(schema)}`]
}

// hey-api makes validators for successes and for components, but none for the errors that are not components.
const component = (schema) => schema.$ref?.split('/').pop()
const validated = (collected ?? []).filter(
  ({ status, schema }) => status < 300 || component(schema),
)

async function check(name, module, prefix, accepts) {
  await step(
    `the ${name} validators of hey-api accept real answers, and refuse damaged ones`,
    () => {
      validate(validated, (one) => {
        const found = validator(module, prefix, one)
        return found && ((value) => accepts(found, value))
      })
    },
  )
}

await step("hey-api's output loads in Node", async () => {
  const valibot = await import('valibot')
  await check(
    'zod',
    load('api/zod.gen.js'),
    'z',
    (schema, value) => schema.safeParse(value).success,
  )
  await check(
    'valibot',
    load('api/valibot.gen.js'),
    'v',
    (schema, value) => valibot.safeParse(schema, value).success,
  )
})

await step("hey-api's client calls every GET of the server", async () => {
  const sdk = load('api/index.js')
  const { client } = load('api/client.gen.js')
  await callEveryGet(test, async (operation, { token, path, query }) => {
    client.setConfig({ baseUrl: test.url, auth: token })
    return (await sdk[camel(operation.id)]({ path, query })).response?.status
  })
})

test.client.close()
process.exitCode = failures() > 0 ? 1 : 0
