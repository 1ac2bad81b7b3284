// What a person does on the page, by its data-testid hooks.
import { chromium } from 'playwright-core'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }

let failed = 0

export function ok(holds, words) {
  if (!holds) failed++
  console.log(`${holds ? 'ok' : 'not ok'} ${words}`)
}

export const failures = () => failed

// Runs one step; a step that throws (a time-out, say) has failed, and the others go on.
export async function step(words, run) {
  try {
    const holds = await run()
    ok(holds !== false, words)
    return true
  } catch (error) {
    ok(false, words)
    console.log('# ' + String(error.message).split('\n').slice(0, 6).join('\n# '))
    return false
  }
}

export async function launch(executablePath) {
  return chromium.launch({ executablePath, args: flags, headless: true })
}

export class Person {
  static async enter(browser, url, name, size, colorScheme) {
    const person = new Person()
    const context = await browser.newContext({
      viewport: sizes[size],
      colorScheme,
      locale: 'zh-CN',
      hasTouch: size === 'phone',
      isMobile: size === 'phone',
    })
    context.setDefaultTimeout(10000)
    Object.assign(person, { url, name, size, context, errors: [] })
    person.page = await context.newPage()
    person.page.on('pageerror', (error) => person.errors.push(String(error)))
    person.page.on('console', (message) => {
      if (message.type() === 'error' && !/Failed to load resource/.test(message.text()))
        person.errors.push(message.text())
    })
    return person
  }

  at(id) {
    return this.page.getByTestId(id)
  }

  async register() {
    this.username = `${this.name}_${Math.random().toString(36).slice(2, 9)}`
    await this.page.goto(this.url)
    await this.at('auth-username').waitFor()
    if (!(await this.at('auth-nickname').isVisible())) await this.at('auth-switch').click()
    await this.at('auth-username').fill(this.username)
    await this.at('auth-nickname').fill(this.name)
    await this.at('auth-password').fill('correct horse battery')
    await this.at('auth-submit').click()
    await this.at('room-list').waitFor()
  }

  async signIn(username, password) {
    this.username = username
    await this.page.goto(this.url)
    await this.at('auth-username').fill(username)
    await this.at('auth-password').fill(password)
    await this.at('auth-submit').click()
    await this.at('room-list').waitFor()
  }

  // On a phone the list of rooms and a room are two screens; on a desk they stand side by side.
  async toRooms() {
    if (await this.at('room-list').isVisible()) return
    await this.page.goBack()
    await this.at('room-list').waitFor()
  }

  async makeOpenRoom(name) {
    await this.toRooms()
    await this.at('new-room').click()
    await this.at('new-room-name').fill(name)
    const open = this.at('new-room-open')
    const is = await open.evaluate(
      (e) => (e.checked ?? e.querySelector('input')?.checked ?? e.ariaChecked === 'true') === true,
    )
    if (!is) await open.click()
    await this.at('new-room-submit').click()
    await this.at('composer').waitFor()
  }

  async joinRoom(name) {
    await this.toRooms()
    await this.at('browse-rooms').click()
    const row = this.page
      .locator('li, tr, div, article, button')
      .filter({ hasText: name })
      .filter({ has: this.at('join-room') })
      .last()
    await row.getByTestId('join-room').first().click()
    await this.at('composer').waitFor()
  }

  async openDirect(other) {
    await this.toRooms()
    await this.at('new-dm').click()
    await this.at('user-search').fill(other.username)
    await this.at('user-result').filter({ hasText: other.name }).first().click()
    await this.at('composer').waitFor()
  }

  async openRoom(name) {
    await this.toRooms()
    await this.at('room-item').filter({ hasText: name }).first().click()
    await this.at('composer').waitFor()
  }

  message(text) {
    return this.at('message').filter({ hasText: text })
  }

  async send(text) {
    await this.at('composer').fill(text)
    await this.page.keyboard.press('Enter')
    await this.page
      .locator('[data-testid=message][data-state=sent]')
      .filter({ hasText: text })
      .first()
      .waitFor()
  }

  async sees(text, milliseconds) {
    await this.message(text).first().waitFor({ timeout: milliseconds })
  }

  async picture(folder, name) {
    await this.page.screenshot({ path: `${folder}/${name}.png` })
  }
}
