/**
 * What somebody finds who has the folder: nothing that opens a door, in no spelling, and nothing that another user of
 * the machine may read. The master key is there, and is why the folder must be kept.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { done } from '../../support/admin.ts'
import { ada } from '../../support/bot-tokens.ts'
import { makeFolder } from '../../support/folder.ts'
import { call } from '../../support/http.ts'
import { oldApp } from '../../support/old-bot.ts'
import { doors } from './doors.ts'
import { startGround } from './ground.ts'
import { knock } from './knock.ts'

const folder = await makeFolder()
after(() => folder[Symbol.asyncDispose]())

type Found = { readonly path: string; readonly mode: number; readonly bytes: Buffer | undefined }

function everythingBelow(path: string): readonly Found[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' }).map(name => {
    const file = join(path, name)
    const stat = statSync(file)
    return { path: name, mode: stat.mode & 0o777, bytes: stat.isFile() ? readFileSync(file) : undefined }
  })
}

/** A value in the ways in which it could have been written. */
const spellings = (value: string): readonly Buffer[] => {
  const bytes = Buffer.from(value)
  const encoded = (['base64', 'base64url', 'hex'] as const).map(encoding =>
    bytes.subarray(0, -(bytes.length % 3) || undefined).toString(encoding),
  )
  return [value, value.toUpperCase(), JSON.stringify(value).slice(1, -1), ...encoded]
    .map(text => Buffer.from(text))
    .concat(Buffer.from(value, 'utf16le'))
}

test('nothing that opens a door can be read there, while the service runs and afterwards', async () => {
  const before = process.umask(0)
  const adminKey = 'the-admin-key-of-this-test-00000000001'
  const hidden: string[] = [adminKey, ada.password, oldApp.password]
  try {
    await using ground = await startGround({ dir: folder.path, settings: { adminKey } })
    const { app, open, other, ada: authenticated, old, botToken, oldBasic, spareSecret } = ground
    for (const { talk, ticket } of [open, other, authenticated, old]) hidden.push(talk.secret, talk.token, ticket)
    hidden.push(botToken, oldBasic.slice(6), spareSecret, open.talk.mark)
    for (const path of ['/sites/spare/secrets/1/regenerate', '/sites/spare/secrets/2/regenerate'])
      hidden.push(String((await done(app, 'POST', path))['secret']))
    hidden.push(String((await done(app, 'POST', '/sites/spare/secrets/1/reveal'))['secret']))
    hidden.push(String((await done(app, 'POST', '/sites/spare/tokens', {})).token))
    const session = await knock(doors.find(({ route }) => route.endsWith('/getsessionid')) ?? assert.fail(), ground, {
      key: 'token',
    })
    hidden.push(String(session.body.sessionId))
    // A sign-in carries the token of a person: it is for the bot alone.
    const signIn = 'the-token-of-a-person-0000000000000001'
    const invoke = { type: 'invoke', name: 'signin/tokenExchange', value: { token: signIn, connectionName: 'x' } }
    const taken = await call(`${open.talk.address}/activities`, { bearer: open.talk.token, json: invoke })
    assert.equal(taken.status, 200, taken.text)
    hidden.push(signIn)
    for (const token of [open.talk.token, other.talk.token]) await done(app, 'POST', '/tokens/revoke', { token })
    await call(`${app.origin}/admin/v1/keys/rotate`, { bearer: adminKey, json: { how: 'at once' } })
    assertHides(everythingBelow(folder.path), hidden)
  } finally {
    process.umask(before)
  }
  assertHides(everythingBelow(folder.path), hidden)
})

function assertHides(found: readonly Found[], hidden: readonly string[]): void {
  assert.ok(found.filter(({ bytes }) => (bytes?.length ?? 0) > 0).length >= 4, found.map(({ path }) => path).join())
  assert.ok(
    found.some(({ bytes }) => bytes?.includes('from the bot')),
    'what was said is looked at too',
  )
  assert.equal(statSync(folder.path).mode & 0o777, 0o700)
  for (const { path, mode, bytes } of found) {
    assert.equal(mode, bytes === undefined ? 0o700 : 0o600, path)
    if (bytes === undefined) continue
    for (const value of hidden) {
      assert.ok(value.length >= 12, value)
      for (const spelling of spellings(value)) assert.equal(bytes.includes(spelling), false, `${path} holds ${value}`)
    }
    for (const sign of ['PRIVATE KEY', '"kty"', '"d":"', 'eyJhbGciOi', 'Bearer ', 'Basic '])
      assert.equal(bytes.includes(sign), false, `${path} holds ${sign}`)
  }
}
