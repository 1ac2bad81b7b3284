// The sign-in page of a server where only the operator makes accounts: node closed.mjs URL PICTURES CHROMIUM
import { Person, launch, ok, step } from './people.mjs'

const [url, pictures, executablePath] = process.argv.slice(2)
const browser = await launch(executablePath)

for (const [size, theme] of [
  ['desktop', 'light'],
  ['phone', 'dark'],
]) {
  const visitor = await Person.enter(browser, url, '来客', size, theme)
  await visitor.page.goto(url)

  await step(`a ${size} shows in Chinese who makes accounts`, async () => {
    await visitor.at('registration').filter({ hasText: '账号由管理员创建' }).waitFor()
    await visitor.picture(pictures, `closed-${size}-${theme}-zh`)
  })
  await step(`a ${size} does not offer to sign up`, async () => {
    if (await visitor.at('auth-switch').count()) throw new Error('it does')
    if (await visitor.at('auth-nickname').count()) throw new Error('it shows the form')
  })
  await step(`a ${size} shows in English who makes accounts`, async () => {
    await visitor.at('lang-switch').click()
    await visitor.at('registration').filter({ hasText: 'made by the administrator' }).waitFor()
    await visitor.picture(pictures, `closed-${size}-${theme}-en`)
  })
  ok(visitor.errors.length === 0, `the page logs no error on a ${size}`)
}
await browser.close()
