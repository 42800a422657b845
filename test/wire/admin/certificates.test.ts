/**
 * A bot behind a certificate that nobody vouches for: not called, unless it is said that it may be.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { ask, done } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { untrustedCertificate } from '../../support/certificate.ts'
import { message, post, startChat } from '../../support/direct-line.ts'

test('a bot that vouches for itself is called only where it may, from the next message on', async () => {
  const server = createServer(untrustedCertificate(), (_request, response) => response.end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  try {
    await using app = await startApp({ bot: `https://127.0.0.1:${port}/api/messages` })
    const chat = await startChat(app, { id: 'u1' })
    assert.equal((await post(chat, message('one'))).status, 502)
    await done(app, 'PATCH', '/bots/bot', { allowSelfSigned: true })
    const sent = await post(chat, message('two'))
    assert.equal(sent.status, 200, sent.text)
    assert.equal((await ask(app, 'PATCH', '/bots/bot', { allowSelfSigned: false })).status, 200)
    assert.equal((await post(chat, message('three'))).status, 502)
  } finally {
    server.closeAllConnections()
    server.close()
  }
})
