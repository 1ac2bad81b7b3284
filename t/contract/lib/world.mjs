// Users, rooms, messages, tasks and exports for the calls of one operation, made through the API.
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 100

const random = () => randomBytes(5).toString('hex')

async function person(client, nickname) {
  const username = `u_${random()}`
  const password = `password of ${nickname}`
  const { id } = await client.call('POST', '/api/users', { json: { username, password, nickname } })
  return { id, username, password, nickname, token: await signIn(client, { username, password }) }
}

async function signIn(client, { username, password }) {
  return (await client.call('POST', '/api/sessions', { json: { username, password } })).token
}

async function makeRoom(client, owner, ...members) {
  const json = { name: '周末爬山', member_ids: members.map(({ id }) => id) }
  return (await client.call('POST', '/api/rooms', { token: owner.token, json })).id
}

/** A room that `invited` has left, and is invited to again. */
async function invitation(client, invited, inviter) {
  const room = await makeRoom(client, inviter, invited)
  const member = `/api/rooms/${room}/members/${invited.id}`
  await client.call('DELETE', member, { token: invited.token })
  await client.call('PUT', member, { token: inviter.token, json: {} })
  return room
}

/** Waits until a task has ended. */
export async function ended(client, owner, id) {
  for (;;) {
    const task = await client.call('GET', `/api/tasks/${id}`, { token: owner.token })
    if (['done', 'dead', 'cancelled'].includes(task.state)) return task
    await sleep(POLL_MS)
  }
}

const cancel = (client, { token }, id) => client.call('POST', `/api/tasks/${id}/cancel`, { token })

/** Some operations need more than a room with two members. Each function makes it, and returns values by name. */
const NEEDS = [
  [/^\/api\/invitations/, async (c, w) => ({ room_id: await invitation(c, w.alice, w.bob) })],
  [
    /^\/api\/refusals/,
    async (c, w) => {
      const room_id = await invitation(c, w.alice, w.bob)
      await c.call('DELETE', `/api/invitations/${room_id}?forever=true`, { token: w.alice.token })
      return { room_id }
    },
  ],
  [
    /\/removals/,
    async (c, w) => {
      const member = `/api/rooms/${w.room_id}/members/${w.bob.id}`
      await c.call('DELETE', member, { token: w.alice.token })
      return {}
    },
  ],
  [
    /\{task_id\}/,
    async (c, w, path) => {
      const { id } = await c.call('POST', '/api/task/12', { token: w.alice.token })
      if (path.endsWith('/retry')) {
        await cancel(c, w.alice, id)
        await ended(c, w.alice, id)
      }
      return { task_id: id }
    },
  ],
  [
    /\{export_id\}/,
    async (c, w) => {
      const { id } = await c.call('POST', '/api/exports', { token: w.alice.token })
      await ended(c, w.alice, id)
      return { export_id: id }
    },
  ],
]

/** Words of the page's language, for what an operation takes and the document cannot know. */
const WORDS = {
  name: '好名字',
  nickname: '阿丽',
  device: '手机',
  body: '大家好',
  q: 'bob',
  num: '12',
  seq: 2,
  limit: 10,
  after_room: 0,
  wait: 1,
  tasks: 1,
  cpu: 1,
  wait_ms: 1,
  repeat: 1,
  role: 'admin',
  kind: 'square',
}

/** `admin` is an admin of the server: {username, password, token}. */
export async function makeWorld(client, admin, operation) {
  const [alice, bob, eve] = await Promise.all(
    ['alice', 'bob', 'eve'].map((nickname) => person(client, nickname)),
  )
  const world = { alice, bob, eve, admin }
  world.room_id = await makeRoom(client, alice, bob)
  const said = `/api/rooms/${world.room_id}/messages`
  await client.call('POST', said, { token: bob.token, json: { client_id: 'b', body: '你好' } })
  const other = await client.call('POST', '/api/sessions', {
    json: { username: alice.username, password: alice.password },
  })
  const sessions = await client.call('GET', '/api/sessions', { token: other.token })
  const needed = NEEDS.filter(([path]) => path.test(operation.path))
  for (const [, make] of needed) Object.assign(world, await make(client, world, operation.path))
  return {
    alice,
    bob,
    eve,
    admin,
    values: {
      ...WORDS,
      room_id: world.room_id,
      user_id: bob.id,
      member_ids: [bob.id],
      rooms: { [world.room_id]: 1 },
      session_id: sessions.items.find(({ current }) => current).id,
      task_id: world.task_id,
      export_id: world.export_id,
      password: alice.password,
      old_password: alice.password,
      cursor: undefined, // until a reply has a next page
      'If-None-Match': undefined, // until a reply has an ETag
      ...(operation.path === '/api/sessions' && { username: alice.username }),
    },
    fresh: { username: () => `u_${random()}`, client_id: random },
  }
}

/** A value of the world by its name; a name that must be unique is new each time. */
export function named(world, name) {
  return name in world.values ? world.values[name] : world.fresh[name]?.()
}

export { signIn, makeRoom, invitation, cancel }
