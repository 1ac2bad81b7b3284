// Messages as Markdown. The HTML passes a sanitizer before it reaches the page.
import DOMPurify from 'dompurify'
import MarkdownIt from 'markdown-it'

const markdown = new MarkdownIt({ html: false, linkify: true, breaks: true }).disable([
  'image',
  'heading',
  'lheading',
])

DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName === 'A') {
    node.setAttribute('target', '_blank')
    node.setAttribute('rel', 'noopener noreferrer nofollow')
  } else if (node.tagName === 'PRE') {
    node.setAttribute('tabindex', '0') // so that the keyboard can scroll a wide block
  }
})

const CACHE_MAX = 2000 // messages

const cache = new Map<string, string>()

/** Safe HTML for the text of a message. */
export function render(text: string): string {
  let html = cache.get(text)
  if (html === undefined) {
    html = DOMPurify.sanitize(markdown.render(text), {
      USE_PROFILES: { html: true },
      FORBID_TAGS: ['style', 'form', 'input'],
    })
    if (cache.size > CACHE_MAX) cache.clear()
    cache.set(text, html)
  }
  return html
}
