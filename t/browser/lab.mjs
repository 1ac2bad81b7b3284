// An admin runs the lab and exports data; another user may not use the lab:
// node lab.mjs URL PICTURES CHROMIUM ADMIN PASSWORD OTHER PASSWORD
import { readFileSync } from 'node:fs'
import { Person, failures, launch, ok, step } from './people.mjs'

const [url, pictures, executablePath, admin, adminPassword, other, otherPassword] =
  process.argv.slice(2)
const browser = await launch(executablePath)
const lan = await Person.enter(browser, url, admin, 'desktop', 'light')
const ming = await Person.enter(browser, url, other, 'phone', 'dark')

/** Fills in the settings of a run. The tests use small ones: they are about the page, not about the figures. */
async function fill(person, numbers) {
  for (const [name, value] of Object.entries(numbers))
    await person.page.locator(`input[name=${name}]`).fill(String(value))
}

async function runOnce(person, numbers) {
  await fill(person, numbers)
  await person.at('lab-start').click()
  await person.at('lab-progress').waitFor()
  await person.at('lab-progress').waitFor({ state: 'detached', timeout: 60000 })
}

async function main() {
  const in1 = await step('an admin can sign in', () => lan.signIn(admin, adminPassword))
  const in2 = await step('another user can sign in', () => ming.signIn(other, otherPassword))
  if (!in1 || !in2) return

  await step('a user who is not an admin sees why the lab is closed', async () => {
    await ming.page.goto(`${url}/lab`)
    await ming.at('lab-no-permission').waitFor()
    await ming.picture(pictures, 'lab-no-permission-phone-dark')
  })

  await step('an admin can open the lab from the account dialog', async () => {
    await lan.openAccount()
    await lan.at('open-lab').click()
    await lan.at('lab-start').waitFor()
    await lan.picture(pictures, 'lab-empty-desktop-light')
  })
  await step('a setting out of bounds is marked at its field', async () => {
    await fill(lan, { tasks: 1000 })
    await lan.at('lab-start').click()
    await lan.page.locator('input[name=tasks][aria-invalid=true]').waitFor()
  })
  await step('a run shows its progress, then its results', async () => {
    await runOnce(lan, { tasks: 4, cpu: 5, wait_ms: 150, repeat: 1 })
    for (const part of ['lab-mixed', 'lab-cpu', 'lab-wait', 'lab-traps'])
      await lan.at(part).waitFor()
    const rows = await lan.at('lab-wait').locator('tbody tr').count()
    if (rows !== 4) throw new Error(`${rows} shapes`)
    await lan.picture(pictures, 'lab-result-desktop-light')
  })
  await step('a second run is compared with the first', async () => {
    await runOnce(lan, { tasks: 6 })
    await lan.page.getByTestId('lab-run').nth(1).waitFor()
    const times = await lan
      .at('lab-wait')
      .locator('tbody tr')
      .first()
      .locator('td')
      .nth(1)
      .locator('div')
      .count()
    if (times !== 2) throw new Error(`${times} figures in a row`)
    await lan.at('lab-wait').scrollIntoViewIfNeeded()
    await lan.picture(pictures, 'lab-compare-desktop-light')
  })
  await step('no bar is wider than its column', async () => {
    const wide = await lan.page.evaluate(
      () =>
        [...document.querySelectorAll('td > div.bg-accent')].filter(
          (bar) =>
            bar.getBoundingClientRect().right > bar.parentElement.getBoundingClientRect().right + 1,
        ).length,
    )
    if (wide > 0) throw new Error(`${wide} bars`)
  })
  await step('a run can be cancelled', async () => {
    await fill(lan, { tasks: 20, wait_ms: 1000 })
    await lan.at('lab-start').click()
    await lan.at('lab-progress').waitFor()
    await lan.page.getByRole('button', { name: '取消', exact: true }).click()
    await lan.at('lab-start').waitFor()
  })
  await step('earlier runs are listed after a reload', async () => {
    await lan.page.reload()
    await lan.at('lab-wait').waitFor()
    if ((await lan.at('lab-run').count()) !== 2) throw new Error('not two runs')
  })
  await step('the lab fits a phone, in English and in the dark theme', async () => {
    const jack = await Person.enter(browser, url, admin, 'phone', 'dark')
    await jack.signIn(admin, adminPassword)
    await jack.page.evaluate(() => localStorage.setItem('fastchat.language', JSON.stringify('en')))
    await jack.page.goto(`${url}/lab`)
    await jack.at('lab-wait').waitFor()
    const wide = await jack.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)
    await jack.picture(pictures, 'lab-phone-dark')
    await jack.at('lab-wait').scrollIntoViewIfNeeded()
    await jack.picture(pictures, 'lab-result-phone-dark')
    if (wide) throw new Error('the page is wider than the phone')
    if (jack.errors.length > 0) throw new Error(jack.errors.join('; '))
  })

  await step('an export is made and downloaded as a zip file', async () => {
    await lan.page.goto(url)
    await lan.openAccount()
    await lan.at('export-begin').click()
    await lan.at('export-download').waitFor()
    await lan.picture(pictures, 'export-desktop-light')
    const [file] = await Promise.all([
      lan.page.waitForEvent('download'),
      lan.at('export-download').click(),
    ])
    const bytes = readFileSync(await file.path())
    if (!/^fastchat-\d{4}-\d\d-\d\d\.zip$/.test(file.suggestedFilename()))
      throw new Error(file.suggestedFilename())
    if (bytes.subarray(0, 2).toString() !== 'PK') throw new Error('this is not a zip file')
  })
  await step('an export can still be downloaded after a reload', async () => {
    await lan.page.reload()
    await lan.openAccount()
    await lan.at('export-download').waitFor()
  })

  for (const person of [lan, ming])
    ok(
      person.errors.length === 0,
      `no error in the browser of ${person.size}${person.errors.length ? ': ' + person.errors.join('; ') : ''}`,
    )
}

try {
  await main()
} finally {
  await browser.close()
}
process.exit(failures() > 0 ? 1 : 0)
