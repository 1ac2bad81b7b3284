import { describe, expect, it } from 'vitest'
import { sseReader } from './sse'

const all = (text: string, size: number) => {
  const read = sseReader()
  const events = []
  for (let at = 0; at < text.length; at += size) events.push(...read(text.slice(at, at + size)))
  return events
}

describe('events', () => {
  const text =
    ': hb\n\nevent: hello\ndata: {"a":1}\n\nid: x-1\nevent: entry\ndata: one\ndata: two\n\nretry: 5\n\ndata:bare\n\n'
  const want = [
    { name: 'hello', id: '', data: '{"a":1}' },
    { name: 'entry', id: 'x-1', data: 'one\ntwo' },
    { name: 'message', id: 'x-1', data: 'bare' },
  ]
  it('are read whole', () => expect(all(text, 1000)).toEqual(want))
  it('may be cut anywhere', () => {
    for (let size = 1; size < 30; size++) expect(all(text, size)).toEqual(want)
  })
  it('may end their lines with CR and LF', () => {
    for (let size = 1; size < 30; size++)
      expect(all(text.replaceAll('\n', '\r\n'), size)).toEqual(want)
  })
  it('that are not whole are no events', () => expect(all('data: x\n', 3)).toEqual([]))
})
