// Live streams in Swagger UI, which waits for the end of every reply: the page reads them for a few seconds.

export const STREAM_SHOWN_MS = 5_000

const STREAM_TYPES = ['text/event-stream', 'application/x-ndjson']
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

interface Operation {
  description?: string
  responses?: Record<string, { content?: Record<string, unknown> }>
}

/** The part of an OpenAPI document that says which operations are streams. */
export interface Document {
  paths?: Record<string, Partial<Record<(typeof METHODS)[number], Operation>>>
}

const isStreamType = (type: string | null): boolean =>
  STREAM_TYPES.includes(type?.split(';')[0]?.trim().toLowerCase() ?? '')

/** Reads a body until it ends or the time is over; then it is cancelled, which closes the stream. */
async function readBriefly(body: ReadableStream<Uint8Array>, ms: number): Promise<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  const timer = setTimeout(() => void reader.cancel(), ms)
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return text + decoder.decode()
      text += decoder.decode(value, { stream: true })
    }
  } finally {
    clearTimeout(timer)
  }
}

/** fetch, but a live stream ends after `ms`: its reply has what came until then. */
export async function fetchBriefly(
  input: RequestInfo | URL,
  init?: RequestInit,
  ms = STREAM_SHOWN_MS,
): Promise<Response> {
  const reply = await fetch(input, init)
  if (!reply.body || !isStreamType(reply.headers.get('Content-Type'))) return reply
  const text = await readBriefly(reply.body, ms)
  return new Response(text, { status: reply.status, headers: reply.headers })
}

/** Adds `note` to the description of every operation that may reply with a live stream. */
export function describeStreams(document: Document, note: string): Document {
  const copy = structuredClone(document)
  for (const path of Object.values(copy.paths ?? {})) {
    for (const method of METHODS) {
      const operation = path[method]
      const types = Object.values(operation?.responses ?? {}).flatMap((reply) =>
        Object.keys(reply.content ?? {}),
      )
      if (!operation || !types.some(isStreamType)) continue
      operation.description = [operation.description, note].filter(Boolean).join('\n\n')
    }
  }
  return copy
}
