// The API, typed by the server's own OpenAPI document (npm run api).
import createClient, { type Middleware } from 'openapi-fetch'
import type { components, paths } from './schema'
import { language } from '../i18n'

export type User = components['schemas']['User']
export type Me = components['schemas']['Me']
export type Task = components['schemas']['Task']
export type TaskSummary = components['schemas']['TaskSummary']
export type Profile = components['schemas']['Profile']
export type Room = components['schemas']['Room']
export type Entry = components['schemas']['Entry']
export type Member = components['schemas']['Member']
export type Session = components['schemas']['Session']
export type Fault = components['schemas']['Invalid']['detail'][number]

/** What went wrong with a call, in a form that the page can show. */
export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: the server was not reached
    readonly code: string,
    words: string,
    readonly faults: Fault[] = [],
    readonly retryAfter = 0, // seconds
  ) {
    super(words)
  }

  /** The same call may succeed later. */
  get passing(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

let token: string | null = null
let onSignedOut: () => void = () => {}

export function useToken(value: string | null, signedOut: () => void): void {
  token = value
  onSignedOut = signedOut
}

const middleware: Middleware = {
  onRequest({ request }) {
    if (token) request.headers.set('Authorization', `Bearer ${token}`)
    request.headers.set('Accept-Language', language.value)
    return request
  },
}

const patience = 20000 // a connection that died silently would otherwise be waited for without end

export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request) =>
    fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(patience)]) }),
})
api.use(middleware)

/** The body of a stream of events, taken up after `token` where that is not "". Throws an ApiError. */
export async function openStream(
  after: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const used = token
  const headers: Record<string, string> = {
    Accept: 'text/event-stream',
    'Accept-Language': language.value,
  }
  if (used) headers.Authorization = `Bearer ${used}`
  const query = after ? `?after=${encodeURIComponent(after)}` : ''
  let response: Response
  try {
    response = await fetch(`${location.origin}/api/events${query}`, {
      headers,
      signal,
      cache: 'no-store',
    })
  } catch {
    throw new ApiError(0, 'offline', '')
  }
  if (response.ok && response.body) return response.body
  const error = readError(await response.json().catch(() => null), response)
  if (error.code === 'not_signed_in' && token === used) onSignedOut()
  throw error
}

/** A file of the server's, whole. Throws an ApiError. */
export async function download(path: string, signal: AbortSignal): Promise<Blob> {
  const used = token
  const headers: Record<string, string> = { 'Accept-Language': language.value }
  if (used) headers.Authorization = `Bearer ${used}`
  let response: Response
  try {
    response = await fetch(`${location.origin}${path}`, { headers, signal, cache: 'no-store' })
    if (response.ok) return await response.blob()
  } catch {
    throw new ApiError(0, 'offline', '')
  }
  const error = readError(await response.json().catch(() => null), response)
  if (error.code === 'not_signed_in' && token === used) onSignedOut()
  throw error
}

type Answer<T> = { data?: T; error?: unknown; response: Response }

function readError(error: unknown, response: Response): ApiError {
  const retry = Number(response.headers.get('Retry-After') ?? 0)
  const body = (typeof error === 'object' && error !== null ? error : {}) as {
    detail?: unknown
    code?: string
  }
  if (Array.isArray(body.detail)) {
    const faults = body.detail as Fault[]
    return new ApiError(response.status, 'invalid', faults.map((f) => f.msg).join(' '), faults)
  }
  const words = typeof body.detail === 'string' ? body.detail : `${response.status}`
  return new ApiError(response.status, body.code ?? '', words, [], retry)
}

/** The data of a call, or an ApiError thrown. */
export async function call<T>(answer: Promise<Answer<T>>): Promise<T> {
  const used = token
  let result: Answer<T>
  try {
    result = await answer
  } catch {
    throw new ApiError(0, 'offline', '')
  }
  if (result.response.ok) return result.data as T
  const error = readError(result.error, result.response)
  if (error.code === 'not_signed_in' && token === used) onSignedOut()
  throw error
}
