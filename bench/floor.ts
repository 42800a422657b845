/**
 * The floor: the hops of a conversation with nothing but Node's own HTTP server, its agent with kept-alive
 * connections, `ws`, and lists in memory; no tokens, no disk. What Landline costs is told as a ratio to it, so that
 * the machine's mood cancels out.
 */
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'

type Room = { readonly texts: string[]; readonly sockets: Set<WebSocket> }
/** A conversation that is there, with its id. */
type Found = { readonly id: string; readonly room: Room } | undefined
type Wire = Readonly<Record<string, unknown>>

/** As Landline: clients may keep a connection between two rounds. */
const keepAliveTimeoutMs = 65_000
/** As a page of Landline's. */
const pageEntriesMax = 500

const bot = new URL(process.argv[2] ?? '')
const agent = new Agent({ keepAlive: true, maxSockets: 512 })
const rooms = new Map<string, Room>()
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })

const server = createServer((incoming, answer) => {
  const chunks: Buffer[] = []
  incoming.on('data', chunk => chunks.push(chunk))
  incoming.on('end', () => serve(incoming, Buffer.concat(chunks).toString(), answer))
})
server.keepAliveTimeout = keepAliveTimeoutMs
server.on('upgrade', (incoming, socket, head) => {
  const { room, query } = target(incoming)
  if (room === undefined) {
    socket.destroy()
    return
  }
  sockets.handleUpgrade(incoming, socket, head, opened => {
    room.room.sockets.add(opened)
    opened.on('close', () => room.room.sockets.delete(opened)).on('error', () => opened.terminate())
    const after = Number(query.get('watermark'))
    if (room.room.texts.length > after) opened.send(setOf(room.room.texts.slice(after), room.room.texts.length))
  })
})
server.listen(0, '127.0.0.1', 4_096, () => {
  process.stdout.write(`The floor is up on 127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.on('SIGTERM', () => process.exit(0))

function serve(incoming: IncomingMessage, text: string, answer: ServerResponse): void {
  const { path, room, query } = target(incoming)
  if (incoming.method === 'GET') read(path, room, query, answer)
  else if (path === '/fill') fill(JSON.parse(text) as Fill, answer)
  else if (path === '/v3/directline/conversations') open(`c${rooms.size}`, answer)
  else if (room === undefined) answer.writeHead(404).end()
  else post(path, record(room.id, room.room, JSON.parse(text) as Wire), answer)
}

/** A user's activity goes on to the bot; the bot's own has arrived. */
function post(
  path: string,
  { id, text }: { readonly id: string; readonly text: string },
  answer: ServerResponse,
): void {
  if (path.startsWith('/v3/conversations/')) json(answer, { id })
  else tell(text, () => json(answer, { id }))
}

function target({ url = '/' }: IncomingMessage): { path: string; room: Found; query: URLSearchParams } {
  const [path = '', query] = url.split('?')
  const id = /\/conversations\/([^/]+)/.exec(path)?.[1]
  const room = id === undefined ? undefined : rooms.get(id)
  const found = id === undefined || room === undefined ? undefined : { id, room }
  return { path, room: found, query: new URLSearchParams(query) }
}

/** Puts an activity into the list and sends it to whoever listens. */
function record(conversation: string, { texts, sockets }: Room, activity: Wire): { id: string; text: string } {
  const position = texts.length + 1
  const id = `${conversation}|${String(position).padStart(7, '0')}`
  const text = JSON.stringify({
    ...activity,
    id,
    timestamp: new Date().toISOString(),
    channelId: 'directline',
    conversation: { id: conversation },
    serviceUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
  })
  texts.push(text)
  const set = setOf([text], position)
  for (const socket of sockets) socket.send(set)
  return { id, text }
}

/** Calls the bot. */
function tell(text: string, done: () => void): void {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const call = request({ agent, host: bot.hostname, port: bot.port, path: bot.pathname, method: 'POST', headers })
  call.on('response', response => response.resume().on('end', done))
  call.end(text)
}

/** A page of a list, or a way to its stream. */
function read(path: string, room: Found, query: URLSearchParams, answer: ServerResponse): void {
  if (path === '/ready') json(answer, { status: 'ready' })
  else if (room === undefined) answer.writeHead(404).end()
  else if (path.endsWith('/activities')) json(answer, pageOf(room.room.texts, Number(query.get('watermark'))))
  else open(room.id, answer, query.get('watermark') ?? '')
}

function pageOf(texts: readonly string[], after: number): string {
  const end = Math.min(texts.length, after + pageEntriesMax)
  return setOf(texts.slice(after, end), end)
}

function open(id: string, answer: ServerResponse, watermark = '-'): void {
  if (!rooms.has(id)) rooms.set(id, { texts: [], sockets: new Set() })
  const { port } = server.address() as AddressInfo
  const streamUrl = `ws://127.0.0.1:${port}/v3/directline/conversations/${id}/stream?watermark=${Number(watermark) || 0}`
  json(answer, { conversationId: id, token: 'none', streamUrl })
}

type Fill = { readonly ids: readonly string[]; readonly activities: number; readonly rest: string }

/** Makes conversations that have activities. */
function fill({ ids, activities, rest }: Fill, answer: ServerResponse): void {
  for (const id of ids) {
    const texts = Array.from(
      { length: activities },
      (_, at) => `{"id":"${id}|${String(at + 1).padStart(7, '0')}","timestamp":"${new Date().toISOString()}",${rest}`,
    )
    rooms.set(id, { texts, sockets: new Set() })
  }
  json(answer, {})
}

function setOf(texts: readonly string[], end: number): string {
  return `{"activities":[${texts.join(',')}],"watermark":"${end}"}`
}

function json(answer: ServerResponse, value: object | string): void {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  answer.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
}
