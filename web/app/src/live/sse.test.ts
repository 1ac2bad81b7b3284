// The parser of Server-Sent Events.
import { describe, expect, it } from 'vitest'
import { sseReader } from './sse'

const all = (text: string, size: number) => {
  const read = sseReader()
  const events = []
  for (let at = 0; at < text.length; at += size) events.push(...read(text.slice(at, at + size)))
  return events
}

describe('the parser of Server-Sent Events', () => {
  const text =
    ': hb\n\nevent: hello\ndata: {"a":1}\n\nid: x-1\nevent: entry\ndata: one\ndata: two\n\nretry: 5\n\ndata:bare\n\n'
  const want = [
    { name: 'hello', id: '', data: '{"a":1}' },
    { name: 'entry', id: 'x-1', data: 'one\ntwo' },
    { name: 'message', id: 'x-1', data: 'bare' },
  ]
  it('returns every event of a text', () => expect(all(text, 1000)).toEqual(want))
  it('accepts a stream that is cut anywhere', () => {
    for (let size = 1; size < 30; size++) expect(all(text, size)).toEqual(want)
  })
  it('accepts lines that end with CR LF', () => {
    for (let size = 1; size < 30; size++)
      expect(all(text.replaceAll('\n', '\r\n'), size)).toEqual(want)
  })
  it('returns no event before its empty line', () => expect(all('data: x\n', 3)).toEqual([]))
})
