/**
 * Frames made here, read by `ws` as a client does.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { AddressInfo, Socket } from 'node:net'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { textFrame } from './text-frame.ts'

test('a frame of any length is the text it was made of, to a client of another make', async () => {
  const texts = [
    '',
    'x',
    ...[125, 126, 127, 65_535, 65_536, 200_000].map(length => 'y'.repeat(length)),
    'é😀'.repeat(99),
  ]
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  server.on('connection', (_, request) => {
    for (const text of texts) (request.socket as Socket).write(textFrame(text))
  })
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  try {
    const heard: string[] = []
    await new Promise<void>((resolve, reject) => {
      client.on('error', reject)
      client.on('close', () => reject(new Error('closed')))
      client.on('message', (data, isBinary) => {
        assert.equal(isBinary, false)
        heard.push(String(data))
        if (heard.length === texts.length) resolve()
      })
    })
    assert.deepEqual(heard, texts)
  } finally {
    client.terminate()
    server.close()
  }
})
