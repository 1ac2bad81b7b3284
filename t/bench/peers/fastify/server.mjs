// The peer in Fastify: a process a core, and in each a pool of connections with prepared statements.
// SOCKET, PORT, PROCESSES, CONNECTIONS, DB_SOCKET, DB_USER, DB_DATABASE; HELLO is the reply of GET /api.
import cluster from 'node:cluster'
import Fastify from 'fastify'
import mysql from 'mysql2/promise'

const env = process.env

if (cluster.isPrimary) {
  for (let i = 0; i < Number(env.PROCESSES); i++) cluster.fork()
} else {
  await serve()
}

async function serve() {
  const pool = mysql.createPool({
    socketPath: env.DB_SOCKET,
    user: env.DB_USER,
    database: env.DB_DATABASE,
    charset: 'utf8mb4',
    connectionLimit: Number(env.CONNECTIONS),
  })
  const app = Fastify({ logger: false })
  const hello = JSON.parse(env.HELLO)

  app.get('/hello', () => hello)

  app.get('/history/:room', async (request) => {
    const [rows] = await pool.execute(
      'SELECT l.room_id, l.seq, l.kind, l.sender_id, u.username, u.nickname, l.client_id, l.body, l.ref_seq, l.created_at ' +
        'FROM room_log l STRAIGHT_JOIN users u ON u.id = l.sender_id WHERE l.room_id = ? ' +
        'ORDER BY l.seq DESC LIMIT 50',
      [request.params.room],
    )
    const last = rows.at(-1)
    return { items: rows.map(entry).reverse(), next: last && last.seq > 1 ? last.seq : null }
  })

  app.post('/send/:room', async (request, reply) => {
    const room = Number(request.params.room)
    const { client_id, body } = request.body
    const sender = 1 + (next++ % 16)
    const now = Date.now()
    const db = await pool.getConnection()
    try {
      await db.beginTransaction()
      const [taken] = await db.execute(
        'UPDATE rooms SET last_message_seq = last_seq + 1, last_at = ?, last_seq = LAST_INSERT_ID(last_seq + 1) WHERE id = ?',
        [now, room],
      )
      await db.execute(
        'INSERT INTO room_log (room_id, seq, kind, sender_id, client_id, body, created_at) VALUES (?, ?, 0, ?, ?, ?, ?)',
        [room, taken.insertId, sender, client_id, body, now],
      )
      await db.commit()
      reply.code(201)
      return entry({
        room_id: room,
        seq: taken.insertId,
        kind: 0,
        sender_id: sender,
        username: 'sender_1_000000',
        nickname: 'sender 1',
        client_id: Buffer.from(client_id),
        body,
        ref_seq: null,
        created_at: now,
      })
    } catch (error) {
      await db.rollback()
      throw error
    } finally {
      db.release()
    }
  })

  if (env.SOCKET) await app.listen({ path: env.SOCKET })
  if (env.PORT) await app.listen({ port: Number(env.PORT), host: '127.0.0.1' })
}

const KINDS = ['message', 'join', 'leave', 'rename', 'role', 'open']
let next = 0

function entry(row) {
  return {
    room_id: row.room_id,
    seq: row.seq,
    kind: KINDS[row.kind],
    sender: {
      id: row.sender_id,
      username: row.username,
      nickname: row.nickname,
      nickname_taken: false,
    },
    client_id: row.client_id === null ? null : row.client_id.toString(),
    body: row.body,
    ref_seq: row.ref_seq,
    created_at: new Date(row.created_at + 8 * 3600_000).toISOString().replace('Z', '+08:00'),
  }
}
