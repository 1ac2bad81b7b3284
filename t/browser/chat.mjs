// Two people register, meet in an open room and in a direct one: node chat.mjs URL PICTURES CHROMIUM
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

  const in1 = await step('a first person registers at a desk', () => lan.register())
  const in2 = await step('a second one on a phone', () => ming.register())
  if (!in1 || !in2) return

  await lan.picture(pictures, 'empty-desktop-light')
  await ming.picture(pictures, 'empty-phone-dark')

  if (!(await step('the first makes an open room', () => lan.makeOpenRoom(room)))) return
  if (!(await step('the second finds and joins it', () => ming.joinRoom(room)))) return

  await step('a message in Chinese is sent', () => lan.send('你好，小明！明天几点出发？'))
  await step('and the other sees it within 5 s', () => ming.sees('明天几点出发', 5000))
  await step('the answer is sent', () => ming.send('早上七点，老地方见 👋'))
  await step('and is seen within 5 s', () => lan.sees('老地方见', 5000))
  await step('each message is there once', async () => {
    for (const person of [lan, ming]) {
      for (const text of ['明天几点出发', '老地方见']) {
        const count = await person.message(text).count()
        if (count !== 1) throw new Error(`${person.name} sees "${text}" ${count} times`)
      }
    }
  })

  await step('markup in a message is text', async () => {
    await lan.send('<img src=x onerror="window.hacked = 1"> 好')
    await ming.sees('onerror', 5000)
    for (const person of [lan, ming]) {
      if (await person.page.evaluate(() => window.hacked)) throw new Error('it ran')
    }
  })

  await step('Shift+Enter makes a new line, and does not send', async () => {
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

  await step('Enter that chooses a word of an input method does not send', async () => {
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

  await step('what was typed outlives a reload', async () => {
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
  await step('and so do the messages', () => lan.sees('老地方见', 5000))

  await step('a direct room is opened', () => ming.openDirect(lan))
  await step('a direct message is sent', () => ming.send('悄悄话：带上相机'))
  await step('and the other is shown that there is something new within 5 s', () =>
    lan.at('room-item').filter({ hasText: '小明' }).first().waitFor({ timeout: 5000 }),
  )
  await step('and reads it', async () => {
    await lan.openRoom('小明')
    await lan.sees('带上相机', 5000)
  })

  await step('who is online is shown', () =>
    lan.at('room-item').filter({ hasText: '小明' }).getByTestId('online').waitFor(),
  )
  await step('what was read is shown to its sender', () =>
    ming.at('read-by').waitFor({ timeout: 5000 }),
  )
  await step('who types is shown, and no longer once it is sent', async () => {
    await ming.at('composer').pressSequentially('带')
    await lan.at('typing').filter({ hasText: '小明' }).waitFor({ timeout: 3000 })
    await lan.picture(pictures, 'typing-desktop-light')
    await ming.send('带上三脚架')
    await lan.page.waitForFunction(
      () => document.querySelector('[data-testid=typing]')?.textContent === '',
      null,
      { timeout: 3000 },
    )
  })
  await step('a message is seen within half a second', async () => {
    const began = Date.now()
    await ming.at('composer').fill('快吗？')
    await ming.page.keyboard.press('Enter')
    await lan.sees('快吗？', 5000)
    if (Date.now() - began > 500) throw new Error(`after ${Date.now() - began} ms`)
  })
  await step('without a network messages wait, and go out in order after', async () => {
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
    await ming.sees('等三', 10000)
    await lan.sees('你还在吗', 10000)
    const texts = await ming.at('message').allTextContents()
    const order = ['等一', '等二', '等三'].map((text) =>
      texts.findIndex((one) => one.includes(text)),
    )
    if (order.join() !== [...order].sort((a, b) => a - b).join())
      throw new Error(`out of order: ${order}`)
    for (const text of ['等一', '等二', '等三', '你还在吗']) {
      const count = await ming.message(text).count()
      if (count !== 1) throw new Error(`"${text}" is there ${count} times`)
    }
  })
  await step('two tabs of one person agree', async () => {
    const tab = await lan.context.newPage()
    await tab.goto(lan.page.url())
    await tab.getByTestId('composer').waitFor()
    await ming.toRooms()
    await ming.openRoom('小兰')
    await ming.send('看见了吗')
    await tab.getByTestId('message').filter({ hasText: '看见了吗' }).waitFor({ timeout: 3000 })
    await lan.sees('看见了吗', 3000)
    await tab.getByTestId('composer').fill('看见了')
    await tab.keyboard.press('Enter')
    await lan.sees('看见了', 3000)
    await tab.close()
  })

  await step('pictures of each width in each colour', async () => {
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

  await step('signing out ends at the sign-in form', async () => {
    await lan.at('sign-out').click()
    await lan.at('auth-username').waitFor()
  })
}

try {
  await main()
  for (const person of [lan, ming]) {
    ok(person.errors.length === 0, `${person.size}: the page logged no error`)
    for (const error of person.errors.slice(0, 5)) console.log('# ' + error.split('\n')[0])
  }
} catch (error) {
  ok(false, 'the browsers ran')
  console.log('# ' + String(error.stack).split('\n').join('\n# '))
}
if (failures()) {
  for (const person of [lan, ming])
    await person.picture(pictures, `failed-${person.size}`).catch(() => {})
}
await browser.close()
