/**
 * The SDKs' own clients of a token service, set to this one, which has none: a bot must neither take an answer for a
 * token, and so its user for signed in, nor hang in asking again.
 */
import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import type { IncomingMessage } from 'node:http'
import { after, test } from 'node:test'
import { UserTokenClient } from '@microsoft/agents-hosting'
import { ConfigurationBotFrameworkAuthentication } from 'botbuilder'
import { ClaimsIdentity } from 'botframework-connector'
import { startApp } from '../support/app.ts'

const app = await startApp()
after(() => app[Symbol.asyncDispose]())

let calls = 0
channel('http.server.request.start').subscribe(message => {
  const { request } = message as { request: IncomingMessage }
  if (/\/api\/(?:usertoken|botsignin)\//.test(request.url ?? '')) calls += 1
})

/** The SDK throws, after one call. */
async function assertThrows(what: string, asking: Promise<unknown>): Promise<void> {
  const before = calls
  await assert.rejects(asking, /Landline has no token service/, what)
  assert.equal(calls, before + 1, what)
}

const [user, connection, line] = ['dl_u', 'graph', 'directline']
const reference = { channelId: line, conversation: { id: 'c' } } as never
const activity = { type: 'message', channelId: line, serviceUrl: app.origin, conversation: { id: 'c' } }

test('botbuilder throws at once, whatever it asks for', async () => {
  const authentication = new ConfigurationBotFrameworkAuthentication({ OAuthUrl: app.origin })
  const identity = new ClaimsIdentity([{ type: 'aud', value: 'an-app-id' }], true)
  const client = await authentication.createUserTokenClient(identity)
  await assertThrows('a token', client.getUserToken(user, connection, line, ''))
  await assertThrows('an exchange', client.exchangeToken(user, connection, line, { token: 'x' }))
  await assertThrows('the status', client.getTokenStatus(user, line, ''))
  await assertThrows('a link', client.getSignInResource(connection, activity as never, ''))
  await assertThrows('the way out', client.signOutUser(user, connection, line))
})

test('the Agents SDK throws at once, whatever it asks for', async () => {
  const client = await UserTokenClient.createClientWithScope(app.origin, null as never, '')
  await assertThrows('a token', client.getUserToken(connection, line, user))
  await assertThrows('an exchange', client.exchangeTokenAsync(user, connection, line, { token: 'x' }))
  await assertThrows('the status', client.getTokenStatus(user, line))
  await assertThrows('a link', client.getSignInResource('an-app-id', connection, reference))
  await assertThrows('either', client.getTokenOrSignInResource(user, connection, line, reference, reference, ''))
  await assertThrows('the way out', client.signOut(user, connection, line))
})
