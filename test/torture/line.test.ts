/**
 * The network of the torture that can be cut, and the clients' way around what is gone: a fault that is not one, or a
 * client that stays where nobody is, would make every run look clean.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { test } from 'node:test'
import { Line } from '../../torture/line.ts'
import { Route, turned } from '../../torture/route.ts'
import { inTime } from '../support/until.ts'

/** A server that says back what it hears, behind a line, and a client of it. */
async function openLine() {
  await using opened = new AsyncDisposableStack()
  const far: Socket[] = []
  const server = createServer(socket => {
    far.push(socket)
    socket.on('error', () => undefined).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  opened.defer(() => void server.close())
  const line = opened.use(new Line((server.address() as AddressInfo).port))
  const port = await line.listen()
  const begin = () => {
    const socket = connect(port, '127.0.0.1').setEncoding('utf8')
    return socket.on('error', () => undefined)
  }
  const open = async () => {
    const socket = begin()
    await once(socket, 'connect')
    return socket
  }
  const kept = opened.move()
  return { line, connect: begin, open, far, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

const heard = async (socket: Socket): Promise<string> => {
  const [text] = await inTime('an answer', once(socket, 'data'))
  return String(text)
}

/** Resolves when it is closed, however. */
const closedOf = (socket: Socket) => new Promise<void>(resolve => socket.once('close', () => resolve()))

test('a line that is cut breaks its connections and takes no others, until it is mended', async () => {
  await using world = await openLine()
  const socket = await world.open()
  socket.write('one')
  assert.equal(await heard(socket), 'one')
  const closed = closedOf(socket)
  const farClosed = closedOf(world.far[0] ?? assert.fail())
  world.line.cut('broken')
  await inTime('both ends to be told', Promise.all([closed, farClosed]))
  const refused = world.connect()
  await inTime('a new connection to break', closedOf(refused))
  world.line.mend()
  const after = await world.open()
  after.write('two')
  assert.equal(await heard(after), 'two')
  after.destroy()
})

test('a line that is silent tells nobody, carries nothing, and gives all of it late and in order once it is mended', async () => {
  await using world = await openLine()
  const socket = await world.open()
  socket.write('one ')
  assert.equal(await heard(socket), 'one ')
  let came = ''
  let isClosed = false
  socket.on('data', text => {
    came += text
  })
  socket.once('close', () => {
    isClosed = true
  })
  world.line.cut('silent')
  socket.write('two ')
  socket.write('three')
  // A whole round trip elsewhere through the same loop: what is not silent would have come by now.
  await using other = await openLine()
  const witness = await other.open()
  for (const word of ['a', 'b', 'c']) {
    witness.write(word)
    await heard(witness)
  }
  witness.destroy()
  assert.deepEqual({ came, isClosed }, { came: '', isClosed: false })
  world.line.mend()
  while (came !== 'two three') await inTime('what was held back', once(socket, 'data'))
  socket.destroy()
})

test('a client moves on from a node that is gone or can’t, once for all its calls, and from others in its time', () => {
  const route = new Route({ base: 'a', others: ['b', 'c'] })
  route.heard('a', 200)
  route.heard('a', 502)
  assert.equal(route.base, 'a')
  route.heard('a', undefined)
  route.heard('a', undefined)
  assert.equal(route.base, 'b', 'the second call had gone to the first node too')
  route.heard('b', 503)
  assert.equal(route.base, 'c')
  route.heard('c', undefined)
  assert.deepEqual([route.base, route.next], ['a', 'b'])
  for (let answers = 0; answers < 20; answers += 1) {
    assert.equal(route.base, 'a')
    route.heard('a', 200)
  }
  assert.equal(route.base, 'b', 'it has been there for a while')
  assert.deepEqual(turned({ base: 'a', others: ['b', 'c'] }, 4), { base: 'b', others: ['c', 'a'] })
})
