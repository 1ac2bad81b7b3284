// What was sent and is not known to have arrived. Kept in the storage, one key a message, so that neither a reload nor a second tab
// loses one; sent in order in each room, always under the same client_id, so that trying again never makes a second message.
import { defineStore } from 'pinia'
import { ref } from 'vue'
import { api, ApiError, call, type Entry } from '../api/client'
import { newId } from '../lib/ids'
import { keys, load, onChange, save } from '../lib/storage'

export interface Outgoing {
  client_id: string
  room_id: number
  body: string
  created_at: string
  failed: string | null // in words, once trying again by ourselves is of no use
}

const abandoned = 30000 // milliseconds after which another tab's message is sent by this one too; the client_id keeps it single
const pauses = [1000, 2000, 4000, 8000, 15000]

export const useOutbox = defineStore('outbox', () => {
  const items = ref<Outgoing[]>([])
  const busy = new Set<number>() // rooms in which something is under way
  const waking = new Set<() => void>() // the pauses before another try
  let user = 0
  let arrived: (entry: Entry) => void = () => {}

  const place = (id: string) => `outbox.${user}.${id}`

  function read(): void {
    items.value = keys(`outbox.${user}.`)
      .map((key) => load<Outgoing | null>(key, null))
      .filter((item) => item !== null)
      .sort((a, b) => a.created_at.localeCompare(b.created_at))
  }

  function put(item: Outgoing): void {
    save(place(item.client_id), item)
    const at = items.value.findIndex((one) => one.client_id === item.client_id)
    if (at >= 0) items.value[at] = item
    else items.value.push(item)
  }

  function drop(clientId: string): void {
    save(place(clientId), null)
    items.value = items.value.filter((item) => item.client_id !== clientId)
  }

  const nextOf = (room: number) =>
    items.value.find((item) => item.room_id === room && item.failed === null)

  /** One try; the milliseconds to wait before the next, 0 for none. */
  async function tryOnce(item: Outgoing, tries: number): Promise<number> {
    const mine = user
    try {
      const path = {
        params: { path: { room_id: item.room_id } },
        body: { client_id: item.client_id, body: item.body },
      }
      const entry = await call(api.POST('/api/rooms/{room_id}/messages', path))
      if (user !== mine) return -1 // somebody else has signed in meanwhile
      drop(item.client_id)
      arrived(entry)
      return 0
    } catch (error) {
      if (user !== mine) return -1
      if (!items.value.some((one) => one.client_id === item.client_id)) return 0 // it has arrived: an earlier try had succeeded
      if (error instanceof ApiError && error.status === 401) return -1 // it waits for the next sign-in
      if (error instanceof ApiError && !error.passing) {
        put({ ...item, failed: error.message })
        return 0
      }
      const pause = pauses[Math.min(tries, pauses.length - 1)]!
      const asked = error instanceof ApiError ? error.retryAfter * 1000 : 0
      return Math.max(pause * (0.75 + Math.random() / 2), asked) // never before the server wants it
    }
  }

  async function work(room: number): Promise<void> {
    if (busy.has(room)) return
    busy.add(room)
    const mine = user
    let tries = 0
    for (let item = nextOf(room); item && user === mine; item = nextOf(room)) {
      const wait = await tryOnce(item, tries)
      if (wait < 0) break
      tries = wait > 0 ? tries + 1 : 0
      if (wait > 0) await pause(wait)
    }
    busy.delete(room)
    if (user !== mine && nextOf(room)) void work(room)
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer)
        waking.delete(done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      waking.add(done)
    })
  }

  /** The server can be reached: try again at once. */
  function wake(): void {
    for (const done of [...waking]) done()
  }

  /** Takes over what a tab that was closed has left. */
  function nudge(): void {
    const old = Date.now() - abandoned
    for (const item of items.value)
      if (item.failed === null && Date.parse(item.created_at) < old) void work(item.room_id)
  }

  function start(userId: number, onArrived: (entry: Entry) => void): void {
    user = userId
    arrived = onArrived
    read()
    for (const room of new Set(items.value.map((item) => item.room_id))) void work(room)
  }

  function stop(): void {
    user = 0
    items.value = []
    wake()
  }

  function send(room: number, body: string): void {
    put({
      client_id: newId(),
      room_id: room,
      body,
      created_at: new Date().toISOString(),
      failed: null,
    })
    void work(room)
  }

  function retry(clientId: string): void {
    const item = items.value.find((one) => one.client_id === clientId)
    if (!item) return
    put({ ...item, failed: null })
    void work(item.room_id)
  }

  onChange((key) => {
    if (user && key.startsWith(`outbox.${user}.`)) read()
  })

  return { items, start, stop, send, retry, drop, wake, nudge }
})
