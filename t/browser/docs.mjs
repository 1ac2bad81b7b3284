// Swagger UI at /docs: node docs.mjs URL PICTURES CHROMIUM USERNAME PASSWORD TOKEN ROOM
import { Person, failures, launch, ok, step } from './people.mjs'

const [address, pictures, executablePath, username, password, token, room] = process.argv.slice(2)

// A name that is not the loopback's: Swagger UI would have its validator check the document of a public host only.
const { port } = new URL(address)
const url = `http://docs.example:${port}`
const browser = await launch(executablePath, ['--host-resolver-rules=MAP docs.example 127.0.0.1'])
const TIMEOUT_MS = 120_000 // Swagger UI is 1.5 MB of script, which a busy machine takes a minute to start
const METHODS = ['get', 'post', 'put', 'patch', 'delete']
const people = []

/** A window of its own; everything that it requests is collected. */
async function enter(size, scheme, locale) {
  const person = await Person.enter(browser, url, 'docs', size, scheme, locale)
  person.context.setDefaultTimeout(TIMEOUT_MS)
  person.requests = []
  person.context.on('request', (request) => person.requests.push(request))
  people.push(person)
  return person
}

async function openDocs(person, path = '/docs') {
  await person.page.goto(url + path)
  await person.page.locator('.opblock').first().waitFor()
}

/** The block of an operation, by its path in the document. */
const operation = (person, method, path) =>
  person.page
    .locator(`.opblock-${method}`)
    .filter({ has: person.page.locator(`.opblock-summary-path[data-path="${path}"]`) })

async function openOperation(person, method, path) {
  const block = operation(person, method, path)
  if (!(await block.locator('.opblock-body').count()))
    await block.locator('.opblock-summary-control').click()
  await block.locator('.opblock-body').waitFor()
  return block
}

/** "Try it out" and "Execute". Returns the status and the body that are shown. */
async function tryOut(person, method, path, { parameters = {}, body } = {}) {
  const block = await openOperation(person, method, path)
  const start = block.locator('.try-out__btn:not(.cancel)')
  if (await start.count()) await start.click()
  for (const [name, value] of Object.entries(parameters))
    await block.locator(`tr[data-param-name="${name}"] input`).fill(String(value))
  if (body) await block.locator('.body-param__text').fill(JSON.stringify(body))
  if (await block.locator('.btn-clear').count()) await block.locator('.btn-clear').click()
  await block.locator('button.execute').click()
  const reply = block.locator('.live-responses-table .response').first()
  await reply.waitFor()
  const shown = reply.locator('.response-col_description .highlight-code').first()
  return {
    status: Number(/\d+/.exec(await reply.locator('.response-col_status').innerText())[0]),
    body: (await shown.count()) ? await shown.innerText() : '',
  }
}

async function authorize(person) {
  await person.page.locator('.scheme-container .authorize').click()
  const dialog = person.page.locator('.modal-ux')
  await dialog.locator('input').fill(token)
  await dialog.locator('button.authorize').click()
  await dialog.locator('.btn-done').click()
}

function expect(found, wanted) {
  const [one, other] = [found, wanted].map((value) => JSON.stringify(value))
  if (one !== other) throw new Error(`${one} in place of ${other}`)
}

function expectIn(text, part) {
  if (!text.includes(part)) throw new Error(`"${part}" is not in ${text.slice(0, 500)}`)
}

/** Does the page fit the screen, so that it scrolls in one direction only? */
async function expectToFit(person) {
  const [page, screen] = await person.page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
  ])
  if (page > screen) throw new Error(`${page} pixels on a screen of ${screen}`)
}

/** Waits until the page is dark, or light. */
const expectDark = (person, dark) =>
  person.page.waitForFunction(
    (wanted) =>
      (getComputedStyle(document.body).backgroundColor !== 'rgb(255, 255, 255)') === wanted,
    dark,
  )

async function main() {
  const desktop = await enter('desktop', 'light', 'en-GB')
  const phone = await enter('phone', 'dark', 'zh-CN')

  if (!(await step('/docs shows Swagger UI', () => openDocs(desktop)))) return
  await desktop.picture(pictures, 'docs-desktop-light')

  await step('/docs lists every operation of the document', async () => {
    const document = await desktop.page.evaluate(async () => (await fetch('/openapi.json')).json())
    const declared = Object.entries(document.paths).flatMap(([path, item]) =>
      METHODS.filter((method) => item[method]).map((method) => `${method} ${path}`),
    )
    const listed = await desktop.page
      .locator('.opblock')
      .evaluateAll((blocks) =>
        blocks.map(
          (block) =>
            block.querySelector('.opblock-summary-method').innerText.toLowerCase() +
            ' ' +
            block.querySelector('.opblock-summary-path').dataset.path,
        ),
      )
    if (declared.length < 40) throw new Error(`only ${declared.length} are declared`)
    expect(listed.sort(), declared.sort())
  })

  await step('/docs loads less than 550 kB, which the browser keeps', async () => {
    const loaded = await desktop.page.evaluate(async () => {
      const files = performance
        .getEntriesByType('resource')
        .filter((one) => /assets/.test(one.name))
      const kept = files.map(async (one) => (await fetch(one.name)).headers.get('Cache-Control'))
      return {
        count: files.length,
        kept: (await Promise.all(kept)).filter((one) => /immutable/.test(one)).length,
        kilobytes: files.reduce((sum, one) => sum + one.encodedBodySize, 0) / 1000,
      }
    })
    if (loaded.count < 2 || loaded.kept !== loaded.count || loaded.kilobytes > 550)
      throw new Error(JSON.stringify(loaded))
  })

  await step('/docs links to the chat, to the document and to the licenses', async () => {
    const follow = (name) =>
      desktop.page.getByRole('link', { name, exact: true }).evaluate(async (link) => {
        const reply = await fetch(link.href)
        return `${reply.status} ${(await reply.text()).slice(0, 12)}`
      })
    expect(await follow('Open the chat'), '200 <!doctype ht')
    expect(await follow('openapi.json'), '200 {"openapi":"')
    expect(await follow('Swagger UI 5, Apache-2.0'), '200 swagger-ui\nC')
  })

  await step('a call without a token shows the real refusal', async () => {
    expect((await tryOut(desktop, 'get', '/api/users/me')).status, 401)
  })

  await step('a token that was entered under Authorize is sent', async () => {
    await authorize(desktop)
    const me = await tryOut(desktop, 'get', '/api/users/me')
    expect(me.status, 200)
    expectIn(me.body, username)
  })

  await step('GET shows the real answer', async () => {
    const shown = await tryOut(desktop, 'get', '/api/rooms/{room_id}', {
      parameters: { room_id: room },
    })
    expect(shown.status, 200)
    expectIn(shown.body, '文档')
    await operation(desktop, 'get', '/api/rooms/{room_id}').scrollIntoViewIfNeeded()
    await desktop.picture(pictures, 'docs-reply-desktop-light')
  })
  await step('POST shows the real answer', async () => {
    const made = await tryOut(desktop, 'post', '/api/rooms', { body: { name: '新房间' } })
    expect(made.status, 201)
    expectIn(made.body, '新房间')
  })
  await step('PATCH changes what it names', async () => {
    const changed = await tryOut(desktop, 'patch', '/api/rooms/{room_id}', {
      parameters: { room_id: room },
      body: { name: '改名' },
    })
    expect(changed.status, 200)
    expectIn(changed.body, '改名')
  })
  await step('PUT is sent as PUT', async () => {
    const read = await tryOut(desktop, 'put', '/api/rooms/{room_id}/read', {
      parameters: { room_id: room },
      body: { seq: 1 },
    })
    if (read.status >= 300) throw new Error(`${read.status} ${read.body}`)
    const sent = desktop.requests.filter((request) => request.url().endsWith('/read'))
    expect(
      sent.map((request) => request.method()),
      ['PUT'],
    )
  })
  await step('a refused body shows where the fault is', async () => {
    const refused = await tryOut(desktop, 'post', '/api/rooms', { body: { name: 7 } })
    expect(refused.status, 422)
    expectIn(refused.body, '"loc"')
  })

  await step('a live stream is shown as far as it came in a few seconds', async () => {
    const block = await openOperation(desktop, 'get', '/api/events')
    expectIn(await block.locator('.opblock-description').innerText(), 'five seconds')
    const stream = await tryOut(desktop, 'get', '/api/events')
    expect(stream.status, 200)
    expectIn(stream.body, 'hello')
    await block.scrollIntoViewIfNeeded()
    await desktop.picture(pictures, 'docs-stream-desktop-light')
  })

  await step('a token is stored nowhere and forgotten with the page', async () => {
    const stored = await desktop.page.evaluate(() =>
      JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
    )
    if (stored.includes(token)) throw new Error(stored)
    await openDocs(desktop)
    expect((await tryOut(desktop, 'get', '/api/users/me')).status, 401)
  })

  await step('the account menu opens /docs in a new tab by keyboard', async () => {
    await phone.signIn(username, password)
    await phone.openAccount()
    const link = phone.page.getByRole('link', { name: 'API 文档' })
    await link.scrollIntoViewIfNeeded()
    await phone.picture(pictures, 'account-phone-dark')
    await link.focus()
    const [tab] = await Promise.all([
      phone.context.waitForEvent('page'),
      phone.page.keyboard.press('Enter'),
    ])
    await tab.locator('.opblock').first().waitFor()
    expect(new URL(tab.url()).pathname, '/docs')
    expect(await tab.evaluate(() => window.opener), null)
    await tab.close()
  })
  await step('the account menu names /docs in English, too', async () => {
    await phone.page.keyboard.press('Escape')
    await phone.at('lang-switch').click()
    await phone.page
      .getByRole('button', { name: /Account/ })
      .first()
      .click()
    await phone.page.getByRole('link', { name: 'API documentation' }).waitFor()
    await phone.page.keyboard.press('Escape')
    await phone.at('lang-switch').click()
  })

  await step('/redoc leads to /docs', async () => {
    await openDocs(phone, '/redoc')
    expect(new URL(phone.page.url()).pathname, '/docs')
    await phone.picture(pictures, 'docs-phone-dark')
  })
  await step('the session of the chat is not used by /docs', async () => {
    const sent = phone.requests.length
    expect((await tryOut(phone, 'get', '/api/users/me')).status, 401)
    for (const request of phone.requests.slice(sent))
      if ((await request.allHeaders()).authorization) throw new Error(request.url())
  })
  await step('DELETE is sent as DELETE, and ends the session it names', async () => {
    await authorize(phone)
    expect((await tryOut(phone, 'delete', '/api/sessions/current')).status, 204)
    expect((await tryOut(phone, 'get', '/api/users/me')).status, 401)
    await operation(phone, 'get', '/api/users/me').scrollIntoViewIfNeeded()
    await phone.picture(pictures, 'docs-reply-phone-dark')
  })

  await step('/docs fits a phone, also with open operations', async () => {
    await openOperation(phone, 'post', '/api/rooms/{room_id}/messages')
    await openOperation(phone, 'get', '/api/users')
    await expectToFit(phone)
    await operation(phone, 'get', '/api/users').scrollIntoViewIfNeeded()
    await phone.picture(pictures, 'docs-operation-phone-dark')
    await phone.page.emulateMedia({ colorScheme: 'light' })
    await expectDark(phone, false)
    await phone.picture(pictures, 'docs-operation-phone-light')
  })

  await step('/docs follows the dark and the light scheme of the system', async () => {
    for (const colorScheme of ['light', 'dark', 'light']) {
      await desktop.page.emulateMedia({ colorScheme })
      await expectDark(desktop, colorScheme === 'dark')
      await desktop.picture(pictures, `docs-desktop-${colorScheme}`)
    }
  })
  await step('/docs follows the theme and the language chosen in the chat', async () => {
    await desktop.page.evaluate(() => {
      localStorage.setItem('fastchat.theme', '"dark"')
      localStorage.setItem('fastchat.language', '"zh-CN"')
    })
    expect(await desktop.page.evaluate(() => document.documentElement.lang), 'en')
    await openDocs(desktop)
    await expectDark(desktop, true)
    expect(await desktop.page.evaluate(() => document.documentElement.lang), 'zh-CN')
    await desktop.page.getByRole('link', { name: '打开聊天' }).waitFor()
  })
}

try {
  await main()
  for (const person of people) {
    ok(person.errors.length === 0, `/docs logs no error on a ${person.size}`)
    for (const error of person.errors.slice(0, 5)) console.log('# ' + error.split('\n')[0])
    const foreign = person.requests
      .map((request) => request.url())
      .filter((one) => !one.startsWith(url) && !/^(data|blob):/.test(one))
    ok(foreign.length === 0, `/docs requests nothing from another origin on a ${person.size}`)
    for (const one of foreign.slice(0, 5)) console.log('# ' + one)
  }
} catch (error) {
  ok(false, 'the test ran to its end')
  console.log('# ' + String(error.stack).split('\n').join('\n# '))
}
if (failures()) {
  for (const person of people)
    await person.picture(pictures, `failed-docs-${person.size}`).catch(() => {})
}
await browser.close()
