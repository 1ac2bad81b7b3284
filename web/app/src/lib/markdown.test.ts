// Messages as Markdown.
import { describe, expect, it } from 'vitest'
import { render } from './markdown'

const links = (text: string) => {
  const box = document.createElement('div')
  box.innerHTML = render(text)
  return [...box.querySelectorAll('a')].map((a) => [a.getAttribute('href'), a.rel])
}

describe('a message', () => {
  it('is rendered as Markdown', () => {
    expect(render('**b** `c`')).toContain('<strong>b</strong> <code>c</code>')
  })

  it('cannot contain HTML or images', () => {
    for (const text of [
      '<script>x()</script>',
      '<img src=x onerror=x()>',
      '![a](https://example.org/a.png)',
      '<svg onload=x()>',
    ]) {
      const box = document.createElement('div')
      box.innerHTML = render(text)
      expect(box.querySelector('script, img, svg')).toBeNull()
    }
  })

  it('links only to the web, and opens links in a new tab', () => {
    expect(links('https://example.org')).toEqual([
      ['https://example.org', 'noopener noreferrer nofollow'],
    ])
    expect(links('[a](javascript:x()) [b](data:text/html,x)')).toEqual([])
  })
})
