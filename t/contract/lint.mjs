// node lint.mjs TEST: the linters of OpenAPI documents.
import { writeFile } from 'node:fs/promises'
import { failures, refuse, step } from './lib/tap.mjs'
import { open, run } from './lib/tools.mjs'

await open()

await step('redocly lint reports neither an error nor a warning', async () => {
  const report = JSON.parse(
    /^\{[^]*\}/m.exec(
      await run(
        'redocly',
        'lint',
        '--extends=recommended',
        '--max-problems=1000',
        '--format=json',
        'openapi.json',
      ),
    )[0],
  )
  const found = report.problems.map(
    ({ severity, ruleId, message, location }) =>
      `${severity} ${ruleId} ${location[0]?.pointer}: ${message}`,
  )
  if (found.length > 0) refuse(found.join('\n'))
})

await step('spectral with spectral:oas reports neither an error nor a warning', async () => {
  await writeFile('.spectral.yaml', 'extends: ["spectral:oas"]\n')
  await run(
    'spectral',
    'lint',
    '--ruleset=.spectral.yaml',
    '--fail-severity=hint',
    '--quiet',
    'openapi.json',
  )
})

process.exitCode = failures() > 0 ? 1 : 0
