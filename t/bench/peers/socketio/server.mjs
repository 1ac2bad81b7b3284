// The peer in socket.io: a process a core, WebSocket only, a session looked up in Redis for each connection.
// POST /pub sends its JSON body to everybody. PORT, PROCESSES, REDIS; TOKENS: a file with the sessions' tokens.
import cluster from 'node:cluster'
import fs from 'node:fs'
import http from 'node:http'
import { createAdapter, setupPrimary } from '@socket.io/cluster-adapter'
import { Redis } from 'ioredis'
import { Server } from 'socket.io'

const env = process.env
const redis = new Redis(env.REDIS)

if (cluster.isPrimary) {
  const tokens = fs.readFileSync(env.TOKENS, 'utf8').trim().split('\n')
  await redis.mset(tokens.flatMap((token, user) => [`peer:session:${token}`, String(user)]))
  setupPrimary()
  for (let i = 0; i < Number(env.PROCESSES); i++) cluster.fork()
} else {
  serve()
}

function serve() {
  const server = http.createServer(async (request, response) => {
    if (request.method === 'POST' && request.url === '/pub') {
      let body = ''
      for await (const part of request) body += part
      io.emit('entry', JSON.parse(body))
    }
    response.writeHead(201, { 'Content-Length': '0' }).end()
  })
  const io = new Server(server, { transports: ['websocket'], serveClient: false })
  io.adapter(createAdapter())
  io.use(async (socket, next) => {
    socket.data.user = await redis.get(`peer:session:${socket.handshake.auth.token}`)
    next(socket.data.user === null ? new Error('no session') : undefined)
  })
  server.listen({ port: Number(env.PORT), host: '127.0.0.1', backlog: 4096 })
}
