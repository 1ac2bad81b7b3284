// A person in a browser, who finds everything by its data-testid; and the printing of results.
import { chromium } from 'playwright-core'

const ACTION_TIMEOUT_MS = 30_000 // a busy machine is slow
const SIZES = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } }
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

let failed = 0

/** Prints a result. */
export function ok(holds, promise) {
  if (!holds) failed++
  console.log(`${holds ? 'ok' : 'not ok'} ${promise}`)
}

export const failures = () => failed

/** Checks one promise. If `check` throws, the promise is broken, and the test goes on. Returns whether it holds. */
export async function step(promise, check) {
  try {
    await check()
    ok(true, promise)
    return true
  } catch (error) {
    ok(false, promise)
    console.log('# ' + String(error.message).split('\n').slice(0, 6).join('\n# '))
    return false
  }
}

export async function launch(executablePath, flags = []) {
  return chromium.launch({ executablePath, args: [...FLAGS, ...flags], headless: true })
}

export class Person {
  /** Opens a browser window of its own for a person. `size` is desktop or phone. */
  static async enter(browser, url, name, size, colorScheme, locale = 'zh-CN') {
    const person = new Person()
    const context = await browser.newContext({
      viewport: SIZES[size],
      colorScheme,
      locale,
      hasTouch: size === 'phone',
      isMobile: size === 'phone',
    })
    context.setDefaultTimeout(ACTION_TIMEOUT_MS)
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

  /** Shows the list of rooms. On a phone it is a screen of its own; on a desktop it is always there. */
  async toRooms() {
    if (await this.at('room-list').isVisible()) return
    await this.page.goBack()
    await this.at('room-list').waitFor()
  }

  async makeOpenRoom(name) {
    await this.toRooms()
    await this.at('new-room').click()
    await this.at('new-room-name').fill(name)
    await this.at('new-room-open').check()
    await this.at('new-room-submit').click()
    await this.at('composer').waitFor()
  }

  async joinRoom(name) {
    await this.toRooms()
    await this.at('browse-rooms').click()
    await this.page
      .locator('li')
      .filter({ hasText: name })
      .filter({ has: this.at('join-room') })
      .getByTestId('join-room')
      .click()
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

  async openAccount() {
    await this.page
      .getByRole('button', { name: /我的账号/ })
      .first()
      .click()
  }

  /** Calls the API as this person. Returns the reply's JSON; null if it has none. */
  api(method, path, body) {
    return this.page.evaluate(
      async ([method, path, body]) => {
        const key = Object.keys(localStorage).find((name) => name.endsWith('session'))
        const { token } = JSON.parse(localStorage.getItem(key))
        const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }
        const reply = await fetch(path, { method, headers, body })
        return reply.status === 204 ? null : reply.json()
      },
      [method, path, body],
    )
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

  /** Waits for a message. */
  async sees(text) {
    await this.message(text).first().waitFor()
  }

  async seesOnce(text) {
    const count = await this.message(text).count()
    if (count !== 1) throw new Error(`${this.name} sees "${text}" ${count} times`)
  }

  async picture(folder, name) {
    await this.page.screenshot({ path: `${folder}/${name}.png` })
  }
}
