// The API, typed by the server's own OpenAPI document (npm run api), and its errors.
import createClient, { type Middleware } from 'openapi-fetch'
import type { components, paths } from './schema'
import { language } from '../i18n'

type Schemas = components['schemas']
export type User = Schemas['User']
export type Me = Schemas['Me']
export type Task = Schemas['Task']
export type TaskState = Task['state']
export type TaskSummary = Schemas['TaskSummary']
export type Profile = Schemas['Profile']
export type Room = Schemas['Room']
export type RoomNew = Schemas['RoomNew']
export type RoomChange = Schemas['RoomChange']
export type Entry = Schemas['Entry']
export type EntryKind = Entry['kind']
export type Invitation = Schemas['Invitation']
export type Member = Schemas['Member']
export type Removal = Schemas['Removal']
export type Role = Member['role']
export type Session = Schemas['Session']
export type SyncPage = Schemas['Sync']
export type Fault = Schemas['Invalid']['detail'][number]

const REQUEST_TIMEOUT_MS = 20_000 // a connection that died silently would never answer

/** A failed call. `message` is the server's text, in the page's language. */
export class ApiError extends Error {
  constructor(
    readonly status: number, // 0: the server was not reached
    readonly code: string,
    message: string,
    readonly faults: Fault[] = [], // what is wrong with which field
    readonly retryAfter = 0, // seconds
  ) {
    super(message)
  }

  /** True if the same call may succeed later. */
  get transient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500
  }
}

let token: string | null = null
let onExpired: () => void = () => {}

/** Sets the session token of all calls; `expired` is called when the server no longer accepts it. */
export function setToken(value: string | null, expired: () => void): void {
  token = value
  onExpired = expired
}

const middleware: Middleware = {
  onRequest({ request }) {
    if (token) request.headers.set('Authorization', `Bearer ${token}`)
    request.headers.set('Accept-Language', language.value)
    return request
  },
}

export const api = createClient<paths>({
  baseUrl: location.origin,
  fetch: (request) =>
    fetch(request, {
      signal: AbortSignal.any([request.signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
    }),
})
api.use(middleware)

const unreachable = () => new ApiError(0, 'offline', '')

/** The error of an answer. Ends the session if the server no longer knows `used`, the token of the call. */
function failure(body: unknown, response: Response, used: string | null): ApiError {
  const error = readError(body, response)
  // Another sign-in may have replaced the token while the call was under way.
  if (error.code === 'not_signed_in' && token === used) onExpired()
  return error
}

function readError(error: unknown, response: Response): ApiError {
  const retryAfter = Number(response.headers.get('Retry-After') ?? 0)
  const body = (typeof error === 'object' && error !== null ? error : {}) as {
    detail?: unknown
    code?: string
  }
  if (Array.isArray(body.detail)) {
    const faults = body.detail as Fault[]
    return new ApiError(response.status, 'invalid', faults.map((f) => f.msg).join(' '), faults)
  }
  const message = typeof body.detail === 'string' ? body.detail : `${response.status}`
  return new ApiError(response.status, body.code ?? '', message, [], retryAfter)
}

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The data of a call. Throws an ApiError. */
export async function call<T>(answer: Promise<Answer<T>>): Promise<T> {
  const used = token
  let result: Answer<T>
  try {
    result = await answer
  } catch {
    throw unreachable()
  }
  if (result.response.ok) return result.data as T
  throw failure(result.error, result.response, used)
}

/** A GET without a time-out, for answers that openapi-fetch would wait for as a whole. Throws an ApiError. */
async function get<T>(
  path: string,
  accept: string,
  signal: AbortSignal,
  read: (response: Response) => T | Promise<T>,
): Promise<T> {
  const used = token
  const headers: Record<string, string> = { Accept: accept, 'Accept-Language': language.value }
  if (used) headers.Authorization = `Bearer ${used}`
  let response: Response
  try {
    response = await fetch(`${location.origin}${path}`, { headers, signal, cache: 'no-store' })
    if (response.ok) return await read(response)
  } catch {
    throw unreachable()
  }
  const body: unknown = await response.json().catch(() => null)
  throw failure(body, response, used)
}

/** The body of the event stream; it resumes after the event with this id if `after` is not "". Throws an ApiError. */
export function openStream(
  after: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const query = after ? `?after=${encodeURIComponent(after)}` : ''
  return get(`/api/events${query}`, 'text/event-stream', signal, (response) => {
    if (!response.body) throw unreachable()
    return response.body
  })
}

/** A whole file from the server. Throws an ApiError. */
export function download(path: string, signal: AbortSignal): Promise<Blob> {
  return get(path, '*/*', signal, (response) => response.blob())
}
