// A parser of Server-Sent Events (WHATWG HTML, section 9.2) that takes the stream piece by piece.

export interface ServerEvent {
  name: string
  id: string
  data: string
}

/** Returns a function to feed with text, cut anywhere. Each call returns the events that the text completes. */
export function sseReader(): (text: string) => ServerEvent[] {
  let rest = ''
  let name = ''
  let id = ''
  let data: string[] = []
  return (text) => {
    const events: ServerEvent[] = []
    rest += text
    for (;;) {
      const end = rest.search(/\r\n|\n|\r(?!$)/)
      if (end < 0) return events
      const line = rest.slice(0, end)
      rest = rest.slice(end + (rest.startsWith('\r\n', end) ? 2 : 1))
      if (line === '') {
        if (data.length > 0) events.push({ name: name || 'message', id, data: data.join('\n') })
        name = ''
        data = []
        continue
      }
      const colon = line.indexOf(':')
      if (colon === 0) continue
      const field = colon < 0 ? line : line.slice(0, colon)
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
      if (field === 'event') name = value
      else if (field === 'data') data.push(value)
      else if (field === 'id') id = value
    }
  }
}
