// Telling people apart, and taking back refusals and removals: node rooms.mjs URL PICTURES CHROMIUM
import { Person, failures, launch, ok, step } from './people.mjs'

const [url, pictures, executablePath] = process.argv.slice(2)
const browser = await launch(executablePath)
const lan = await Person.enter(browser, url, '小兰', 'desktop', 'light')
const ming = await Person.enter(browser, url, '小明', 'phone', 'dark')
const twin = await Person.enter(browser, url, '小明', 'desktop', 'dark')
const everybody = [lan, ming, twin]
const room = `读书会 ${Math.random().toString(36).slice(2, 8)}`

const idOf = async (person) => (await person.api('GET', '/api/users/me')).id
const roomId = async () =>
  (await lan.api('GET', '/api/rooms')).items.find((one) => one.name === room).id
const memberOf = async (person) => `/api/rooms/${await roomId()}/members/${await idOf(person)}`

/** The texts above the groups of messages, and those of the notices, that contain a name. */
const namesIn = (person, id) => person.at(id).filter({ hasText: '小明' }).allInnerTexts()

async function showDetails(person) {
  await person.page.goto(`${url}/rooms/${await roomId()}/details`)
  await person.page.getByRole('complementary', { name: /详情|Details/ }).waitFor()
}

async function names() {
  await step('a nickname that nobody else has stands alone', async () => {
    await ming.send('我是小明')
    await lan.sees('我是小明')
    const shown = [...(await namesIn(lan, 'sender')), ...(await namesIn(lan, 'notice'))]
    if (shown.length !== 2 || shown.some((text) => text.includes('@')))
      throw new Error(shown.join(' | '))
    const tip = await lan.at('sender').first().getAttribute('title')
    if (tip !== `@${ming.username}`) throw new Error(`the tooltip is ${tip}`)
    await lan.picture(pictures, 'names-alone-desktop-light')
  })
  await step('two people with the same nickname are shown with their user names', async () => {
    await twin.joinRoom(room)
    await twin.send('我也是小明')
    await lan.sees('我也是小明')
    for (const id of ['sender', 'notice']) {
      const shown = (await namesIn(lan, id)).join(' | ')
      for (const one of [ming, twin])
        if (!shown.includes(`@${one.username}`)) throw new Error(`${id}: ${shown}`)
    }
    await lan.picture(pictures, 'names-same-desktop-light')
    await ming.picture(pictures, 'names-same-phone-dark')
  })
  await step('direct rooms with people of the same nickname are told apart', async () => {
    for (const one of [ming, twin]) await lan.openDirect(one)
    await lan.page.waitForFunction((name) => document.title.includes(name), `@${twin.username}`)
    await lan.page.keyboard.press('Control+k')
    for (const one of [ming, twin]) {
      const direct = { hasText: `@${one.username}`, hasNotText: room }
      await lan.at('room-item').filter(direct).waitFor()
      await lan.page.getByRole('option').filter(direct).waitFor()
    }
    await lan.picture(pictures, 'names-direct-desktop-light')
    await lan.page.keyboard.press('Escape')
    await lan.openRoom(room)
  })
  await step('a nickname that is somebody’s user name is shown with the user name', async () => {
    await twin.api('PATCH', '/api/users/me', JSON.stringify({ nickname: lan.username }))
    await lan.send('你们谁是小明？') // the next message has its sender above it again
    await twin.sees('你们谁是小明？')
    await twin.send('我是小兰')
    await ming.sees('我是小兰')
    const sender = ming.at('sender').filter({ hasText: lan.username })
    await sender.filter({ hasText: `@${twin.username}` }).waitFor()
    await twin.api('PATCH', '/api/users/me', JSON.stringify({ nickname: '小明' }))
  })
}

async function removals() {
  await step('an admin sees who was removed', async () => {
    await lan.api('DELETE', await memberOf(twin))
    await showDetails(lan)
    await lan.at('removal').filter({ hasText: twin.username }).waitFor()
    await lan.at('removal').first().scrollIntoViewIfNeeded()
    await lan.picture(pictures, 'removal-desktop-light')
    await lan.at('lang-switch').click()
    await lan.picture(pictures, 'removal-desktop-light-en')
    await lan.at('lang-switch').click()
  })
  await step('a member does not see who was removed', async () => {
    await showDetails(ming)
    await ming.page.getByText(`@${lan.username}`).first().waitFor()
    if (await ming.at('removal').count()) throw new Error('it is shown')
  })
  await step('a removed user cannot join again', async () => {
    const answer = await twin.api('PUT', await memberOf(twin), '{}')
    if (answer.code !== 'removed_from_room') throw new Error(JSON.stringify(answer))
  })
  await step('an admin lets a removed user join again', async () => {
    await lan.at('lift-removal').click()
    await lan.at('removal').waitFor({ state: 'detached' })
    await twin.page.goto(url)
    await twin.joinRoom(room)
    await twin.sees('我是小明')
  })
}

async function refusals() {
  await step('an invitation is refused for good', async () => {
    await ming.api('DELETE', await memberOf(ming))
    await ming.page.goto(url)
    await lan.api('PUT', await memberOf(ming), '{}')
    const invitation = ming.at('invitation').filter({ hasText: room })
    await invitation.getByTestId('refuse-forever').click()
    await ming.picture(pictures, 'refuse-phone-dark')
    await ming.page.getByRole('alertdialog').getByRole('button', { name: '不再接受' }).click()
    await invitation.waitFor({ state: 'detached' })
    const answer = await lan.api('PUT', await memberOf(ming), '{}')
    if (answer.code !== 'invitation_refused') throw new Error(JSON.stringify(answer))
  })
  await step('the account shows what was refused for good, and takes it back', async () => {
    await ming.openAccount()
    const refusal = ming.at('refusal').filter({ hasText: room })
    await refusal.waitFor()
    await refusal.scrollIntoViewIfNeeded()
    await ming.picture(pictures, 'refusal-phone-dark')
    await refusal.getByTestId('take-back-refusal').click()
    await refusal.waitFor({ state: 'detached' })
    await ming.page.keyboard.press('Escape')
  })
  await step('after that the user can be invited again', async () => {
    await lan.api('PUT', await memberOf(ming), '{}')
    await ming.at('invitation').filter({ hasText: room }).waitFor()
  })
}

try {
  for (const person of everybody) await person.register()
  await lan.makeOpenRoom(room)
  await ming.joinRoom(room)
  await names()
  await removals()
  await refusals()
  for (const person of everybody) {
    ok(person.errors.length === 0, `the page logs no error for ${person.username}`)
    for (const error of person.errors.slice(0, 5)) console.log('# ' + error.split('\n')[0])
  }
} catch (error) {
  ok(false, 'the test ran to its end')
  console.log('# ' + String(error.stack).split('\n').join('\n# '))
}
if (failures())
  for (const [i, person] of everybody.entries())
    await person.picture(pictures, `rooms-failed-${i}`).catch(() => {})
await browser.close()
