// Two people register and chat in an open room and in a direct one: node chat.mjs URL PICTURES CHROMIUM
import { Person, failures, launch, ok, step } from './people.mjs'

const [url, pictures, executablePath] = process.argv.slice(2)
const browser = await launch(executablePath)
const lan = await Person.enter(browser, url, '小兰', 'desktop', 'light')
const ming = await Person.enter(browser, url, '小明', 'phone', 'dark')
const room = `周末爬山 ${Math.random().toString(36).slice(2, 8)}`

async function main() {
  await lan.page.goto(url)
  await lan.at('auth-username').waitFor()
  await lan.picture(pictures, 'sign-in-desktop-light')

  const in1 = await step('a person can register on a desktop', () => lan.register())
  const in2 = await step('a person can register on a phone', () => ming.register())
  if (!in1 || !in2) return

  await lan.picture(pictures, 'empty-desktop-light')
  await ming.picture(pictures, 'empty-phone-dark')

  if (!(await step('a person can create an open room', () => lan.makeOpenRoom(room)))) return
  if (!(await step('another person can find and join an open room', () => ming.joinRoom(room))))
    return

  await step('a message in Chinese arrives at the server', () =>
    lan.send('你好，小明！明天几点出发？'),
  )
  await step('the other person sees a message as it comes', () => ming.sees('明天几点出发'))
  await step('an answer arrives at the server', () => ming.send('早上七点，老地方见 👋'))
  await step('the first person sees the answer as it comes', () => lan.sees('老地方见'))
  await step('both people see each message once', async () => {
    for (const person of [lan, ming]) {
      for (const text of ['明天几点出发', '老地方见']) {
        await person.seesOnce(text)
      }
    }
  })

  await step('HTML in a message is shown as text and never runs', async () => {
    await lan.send('<img src=x onerror="window.hacked = 1"> 好')
    await ming.sees('onerror')
    for (const person of [lan, ming]) {
      if (await person.page.evaluate(() => window.hacked)) throw new Error('it ran')
    }
  })

  await step('Shift + Enter begins a new line and does not send', async () => {
    const before = await lan.at('message').count()
    await lan.at('composer').fill('第一行')
    await lan.page.keyboard.press('Shift+Enter')
    await lan.page.keyboard.type('第二行')
    const value = await lan.at('composer').inputValue()
    const after = await lan.at('message').count()
    await lan.at('composer').fill('')
    if (value !== '第一行\n第二行' || after !== before)
      throw new Error(`composer: ${JSON.stringify(value)}, messages: ${before} → ${after}`)
  })

  await step('Enter that ends a composed word does not send', async () => {
    const before = await lan.at('message').count()
    await lan.at('composer').fill('')
    await lan.at('composer').focus()
    await lan.page.evaluate(() =>
      addEventListener(
        'keydown',
        (e) => {
          window.lastKey = `${e.key} ${e.keyCode} ${e.isComposing}`
        },
        true,
      ),
    )
    const keys = await lan.context.newCDPSession(lan.page)
    await keys.send('Input.imeSetComposition', {
      text: 'nihao',
      selectionStart: 5,
      selectionEnd: 5,
    })
    await keys.send('Input.dispatchKeyEvent', {
      type: 'rawKeyDown',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 229,
    })
    await keys.send('Input.dispatchKeyEvent', {
      type: 'keyUp',
      key: 'Enter',
      code: 'Enter',
      windowsVirtualKeyCode: 13,
    })
    const key = await lan.page.evaluate(() => window.lastKey)
    if (key !== 'Enter 229 true') throw new Error(`this is not how a browser composes: ${key}`)
    await keys.send('Input.insertText', { text: '你好' })
    await lan.page.waitForTimeout(300)
    const value = await lan.at('composer').inputValue()
    const after = await lan.at('message').count()
    await lan.at('composer').fill('')
    if (after !== before || !value.includes('你好'))
      throw new Error(`composer: ${JSON.stringify(value)}, messages: ${before} → ${after}`)
  })

  await lan.picture(pictures, 'room-desktop-light')
  await ming.picture(pictures, 'room-phone-dark')

  await step('a draft survives a reload', async () => {
    await lan.at('composer').fill('还没写完的话')
    await lan.page.waitForTimeout(500)
    await lan.page.reload()
    await lan.at('room-list').waitFor()
    if (!(await lan.at('composer').isVisible())) await lan.openRoom(room)
    await lan.page.waitForFunction(
      () => document.querySelector('[data-testid=composer]')?.value === '还没写完的话',
    )
    await lan.at('composer').fill('')
  })
  await step('messages are there again after a reload', () => lan.sees('老地方见'))

  await step('a person can open a direct room', () => ming.openDirect(lan))
  await step('a direct message arrives at the server', () => ming.send('悄悄话：带上相机'))
  await step('a new direct room appears in the other person’s list', () =>
    lan.at('room-item').filter({ hasText: '小明' }).first().waitFor(),
  )
  await step('the other person can read a direct message', async () => {
    await lan.openRoom('小明')
    await lan.sees('带上相机')
  })

  await step('a person who is online has a dot in the list', () =>
    lan.at('room-item').filter({ hasText: '小明' }).getByTestId('online').waitFor(),
  )
  await step('a sender sees that a message was read', () => ming.at('read-by').waitFor())
  await step('a person who is typing is shown until the message is sent', async () => {
    await ming.at('composer').pressSequentially('带')
    await lan.at('typing').filter({ hasText: '小明' }).waitFor()
    await lan.picture(pictures, 'typing-desktop-light')
    await ming.send('带上三脚架')
    await lan.page.waitForFunction(
      () => document.querySelector('[data-testid=typing]')?.textContent === '',
      null,
      { timeout: 5000 }, // without the message, it would be shown for 6 s
    )
  })
  await step('a message is seen within half a second of sending', async () => {
    const took = []
    while (took.length < 5 && !took.some((ms) => ms <= 500)) {
      const text = `快吗？${took.length}` // a busy machine delays some of them
      const began = Date.now()
      await ming.at('composer').fill(text)
      await ming.page.keyboard.press('Enter')
      await lan.sees(text)
      took.push(Date.now() - began)
    }
    if (!took.some((ms) => ms <= 500)) throw new Error(`after ${took} ms`)
  })
  await step(
    'messages written offline are sent once and in order when the network returns',
    async () => {
      await lan.context.setOffline(true)
      for (const text of ['等一', '等二', '等三']) {
        await lan.at('composer').fill(text)
        await lan.page.keyboard.press('Enter')
      }
      await lan.page.locator('[data-testid=message][data-state=sending]').nth(2).waitFor()
      await lan.page.waitForTimeout(500)
      await lan.picture(pictures, 'offline-desktop-light')
      await ming.send('你还在吗')
      await lan.context.setOffline(false)
      await ming.sees('等三')
      await lan.sees('你还在吗')
      const texts = await ming.at('message').allTextContents()
      const order = ['等一', '等二', '等三'].map((text) =>
        texts.findIndex((one) => one.includes(text)),
      )
      if (order.join() !== [...order].sort((a, b) => a - b).join())
        throw new Error(`out of order: ${order}`)
      for (const text of ['等一', '等二', '等三', '你还在吗']) {
        await ming.seesOnce(text)
      }
    },
  )
  await step('two tabs of one person show the same messages', async () => {
    const tab = await lan.context.newPage()
    await tab.goto(lan.page.url())
    await tab.getByTestId('composer').waitFor()
    await ming.toRooms()
    await ming.openRoom('小兰')
    await ming.send('看见了吗')
    await tab.getByTestId('message').filter({ hasText: '看见了吗' }).waitFor()
    await lan.sees('看见了吗')
    await tab.getByTestId('composer').fill('看见了')
    await tab.keyboard.press('Enter')
    await lan.sees('看见了')
    await tab.close()
  })

  await step('every theme and screen size can be shown', async () => {
    for (const [person, width] of [
      [lan, 'desktop'],
      [ming, 'phone'],
    ]) {
      for (const colorScheme of ['light', 'dark']) {
        await person.page.emulateMedia({ colorScheme })
        await person.page.waitForTimeout(200)
        await person.picture(pictures, `direct-${width}-${colorScheme}`)
      }
      await person.toRooms()
      await person.picture(pictures, `rooms-${width}-dark`)
    }
  })

  await step('a person who has left a room is invited, and joins by accepting', async () => {
    const { id } = (await lan.api('GET', '/api/rooms')).items.find((one) => one.name === room)
    const member = `/api/rooms/${id}/members/${(await ming.api('GET', '/api/users/me')).id}`
    await ming.toRooms()
    await ming.api('DELETE', member)
    await lan.api('PUT', member, '{}')
    const invitation = ming.at('invitation').filter({ hasText: room })
    await invitation.waitFor()
    await ming.picture(pictures, 'invitation-phone-dark')
    await invitation.getByTestId('accept-invitation').click()
    await ming.at('composer').waitFor()
    await ming.toRooms()
    if (await invitation.count()) throw new Error('the invitation is still shown')
  })

  await step(
    'a field takes as many characters as the server, which counts an emoji once',
    async () => {
      const nickname = '😀'.repeat(32)
      await lan.openAccount()
      const field = lan.page.getByRole('dialog').locator('[autocomplete=nickname]')
      await field.fill(nickname)
      await field.press('Enter')
      await lan.page.getByText('昵称已保存').waitFor()
      if ((await lan.api('GET', '/api/users/me')).nickname !== nickname)
        throw new Error('it was cut')
      await field.fill(nickname + '😀')
      await field.press('Enter')
      await lan.page.getByText('最多 32 个字符').waitFor()
      await lan.page.keyboard.press('Escape')
    },
  )

  await step('signing out leads to the sign-in page', async () => {
    await lan.at('sign-out').click()
    await lan.at('auth-username').waitFor()
  })
}

try {
  await main()
  for (const person of [lan, ming]) {
    ok(person.errors.length === 0, `the page logs no error on a ${person.size}`)
    for (const error of person.errors.slice(0, 5)) console.log('# ' + error.split('\n')[0])
  }
} catch (error) {
  ok(false, 'the test ran to its end')
  console.log('# ' + String(error.stack).split('\n').join('\n# '))
}
if (failures()) {
  for (const person of [lan, ming])
    await person.picture(pictures, `failed-${person.size}`).catch(() => {})
}
await browser.close()
