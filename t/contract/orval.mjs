// node orval.mjs TEST: orval's zod validators and its client on fetch.
import { generate } from 'orval'
import { failures, step } from './lib/tap.mjs'
import { callEveryGet, camel, collect, compile, load, open, validate } from './lib/tools.mjs'

const test = await open()

const target = (client, options) =>
  generate(
    {
      input: { target: './openapi.json' },
      output: { target: `${client}.ts`, client, mode: 'single', ...options },
    },
    process.cwd(),
    { projectName: client },
  )

await step('orval takes the document', async () => {
  // Times are in APP_TIMEZONE.
  const zod = { generateEachHttpStatus: true, dateTimeOptions: { offset: true } }
  await target('zod', { override: { zod } })
  await target('fetch', { baseUrl: test.url })
})
await step("orval's zod and its client compile", () => compile('zod.ts', 'fetch.ts'))
const collected = await step('every route that returns JSON is answered as declared', () =>
  collect(test),
)

await step('the zod validators of orval accept real answers, and refuse damaged ones', () => {
  const module = load('zod.js')
  // orval makes none for the events of a stream.
  const answers = (collected ?? []).filter(({ event }) => !event)
  validate(answers, ({ operation, status }) => {
    const schema = module[`${camel(operation.id)}${status}Response`]
    return schema && ((value) => schema.safeParse(value).success)
  })
})

await step("orval's client calls every GET of the server", async () => {
  const api = load('fetch.js')
  await callEveryGet(test, async (operation, { token, path, query }) => {
    // Its functions take the path's parameters one by one, then the others as an object if there are any.
    const takesQuery = operation.parameters.some((parameter) => parameter.in === 'query')
    const words = [...Object.values(path), ...(takesQuery ? [query] : [])]
    const options = { headers: { Authorization: `Bearer ${token}` } }
    return (await api[camel(operation.id)](...words, options)).status
  })
})

test.client.close()
process.exitCode = failures() > 0 ? 1 : 0
