// Messages that were sent and are not yet known to have arrived. Each is stored under a key of its own, so that neither
// a reload nor a second tab loses one. A room's messages are sent in order. Every try uses the same client_id, so a
// retry never makes a second message.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api, ApiError, call, type Entry } from '../api/client'
import { jittered, retryAfterMs } from '../lib/backoff'
import { newId } from '../lib/ids'
import { keys, load, onChange, save } from '../lib/storage'

export interface Outgoing {
  client_id: string
  room_id: number
  body: string
  created_at: string
  failed: string | null // why the server refused it; such a message is not tried again by itself
}

const ABANDONED_MS = 30_000 // a message this old may come from a tab that was closed; another tab sends it as well
const RETRY_MS = [1_000, 2_000, 4_000, 8_000, 15_000] // before the second, third … try

/** How a try ended: sent or refused (`next`), to be tried again after `retryMs`, or to be left alone (`stop`). */
type Outcome = 'next' | 'stop' | { retryMs: number }

export const useOutbox = defineStore('outbox', () => {
  const items = ref<Outgoing[]>([])
  const busy = new Set<number>() // rooms that are sending
  const pauses = new Set<() => void>() // each ends a wait before a retry
  let user = 0
  let onArrived: (entry: Entry) => void = () => {}

  const keyOf = (clientId: string) => `outbox.${user}.${clientId}`

  function loadAll(): void {
    items.value = keys(`outbox.${user}.`)
      .map((key) => load<Outgoing | null>(key, null))
      .filter((item) => item !== null)
      .sort((a, b) => a.created_at.localeCompare(b.created_at))
  }

  function put(item: Outgoing): void {
    save(keyOf(item.client_id), item)
    const index = items.value.findIndex((one) => one.client_id === item.client_id)
    if (index >= 0) items.value[index] = item
    else items.value.push(item)
  }

  function remove(clientId: string): void {
    save(keyOf(clientId), null)
    items.value = items.value.filter((item) => item.client_id !== clientId)
  }

  const nextOf = (room: number) =>
    items.value.find((item) => item.room_id === room && item.failed === null)

  async function trySending(item: Outgoing, failures: number): Promise<Outcome> {
    const sender = user
    try {
      const params = { path: { room_id: item.room_id } }
      const body = { client_id: item.client_id, body: item.body }
      const entry = await call(api.POST('/api/rooms/{room_id}/messages', { params, body }))
      if (user !== sender) return 'stop' // somebody else has signed in meanwhile
      remove(item.client_id)
      onArrived(entry)
      return 'next'
    } catch (error) {
      return user === sender ? afterFailure(item, failures, error) : 'stop'
    }
  }

  function afterFailure(item: Outgoing, failures: number, error: unknown): Outcome {
    const hasArrived = !items.value.some((one) => one.client_id === item.client_id)
    if (hasArrived) return 'next' // an earlier try did succeed
    if (error instanceof ApiError && error.status === 401) return 'stop' // until the next sign-in
    if (error instanceof ApiError && !error.transient) {
      put({ ...item, failed: error.message })
      return 'next'
    }
    const pause = jittered(RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]!)
    return { retryMs: Math.max(pause, retryAfterMs(error)) }
  }

  /** Sends the messages of a room, one after the other. */
  async function sendAll(room: number): Promise<void> {
    if (busy.has(room)) return
    busy.add(room)
    const sender = user
    let failures = 0
    for (let item = nextOf(room); item && user === sender; item = nextOf(room)) {
      const outcome = await trySending(item, failures)
      if (outcome === 'stop') break
      if (outcome === 'next') failures = 0
      else {
        failures++
        await pause(outcome.retryMs)
      }
    }
    busy.delete(room)
    if (user !== sender && nextOf(room)) void sendAll(room)
  }

  /** Waits, unless retryNow() ends it. */
  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        pauses.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      pauses.add(end)
    })
  }

  /** Ends all waits before retries: the server can be reached again. */
  function retryNow(): void {
    for (const end of [...pauses]) end()
  }

  /** Sends what a closed tab has left. */
  function sendAbandoned(): void {
    const before = Date.now() - ABANDONED_MS
    for (const item of items.value)
      if (item.failed === null && Date.parse(item.created_at) < before) void sendAll(item.room_id)
  }

  /** Sends this user's stored messages and those to come. `arrived` is called with the entry of each. */
  function start(userId: number, arrived: (entry: Entry) => void): void {
    user = userId
    onArrived = arrived
    loadAll()
    for (const room of new Set(items.value.map((item) => item.room_id))) void sendAll(room)
  }

  function stop(): void {
    user = 0
    items.value = []
    retryNow()
  }

  function send(room: number, body: string): void {
    const created_at = new Date().toISOString()
    put({ client_id: newId(), room_id: room, body, created_at, failed: null })
    void sendAll(room)
  }

  /** Tries a refused message again. */
  function retry(clientId: string): void {
    const item = items.value.find((one) => one.client_id === clientId)
    if (!item) return
    put({ ...item, failed: null })
    void sendAll(item.room_id)
  }

  onChange((key) => {
    if (user && key.startsWith(`outbox.${user}.`)) loadAll()
  })

  return { items, start, stop, send, retry, remove, retryNow, sendAbandoned }
})
