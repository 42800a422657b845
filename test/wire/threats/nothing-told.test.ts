/**
 * What answers tell, at every door, good or bad: nothing of the inside, nothing that a page elsewhere could use with a
 * visitor's rights, and no address that somebody outside has chosen.
 */
import assert from 'node:assert/strict'
import { after, suite, test } from 'node:test'
import { type Answer, callRaw } from '../../support/http.ts'
import { type Door, doors } from './doors.ts'
import { type Ground, startGround } from './ground.ts'
import { type Changes, isNoFault, knock, methodOf } from './knock.ts'

const ground = await startGround()
after(() => ground[Symbol.asyncDispose]())

/** Doors that can be knocked at again and again. */
const lasting = doors.filter(({ route }) => !/^DELETE|revoke|regenerate|rotate/.test(route))

/** A door's answers to a good request and to bad ones. */
async function answersOf(door: Door, where: Ground, more: Changes = {}): Promise<readonly Answer[]> {
  const { path } = door.request(where)
  const answers: Answer[] = []
  for (const changes of [
    {},
    { key: null },
    { method: methodOf(door) === 'PUT' ? 'PATCH' : 'PUT' },
    { method: 'OPTIONS' },
    { path: `${path.split('?')[0]}/nothing/at/all` },
    { path: path.replace(/[A-Za-z0-9-]{22,}/, '%zz') },
    { headers: { 'content-encoding': 'gzip' } },
  ] satisfies readonly Changes[]) {
    answers.push(
      await knock(door, where, {
        ...more,
        ...changes,
        headers: { ...more.headers, ...('headers' in changes ? changes.headers : {}) },
      }),
    )
  }
  return answers
}

const isSession = ({ route }: Door) => route.endsWith('/session/getsessionid')
const isAdmin = ({ route }: Door) => route.includes(' /admin/')
/** What pages of this machine alone may ask for. */
const isOwn = ({ route }: Door) => / \/(?:console\/.*|dev\/token)?$/.test(route)

suite('every answer', () => {
  test('tells neither what the service is made of, nor of which release, nor where it is', async () => {
    for (const door of doors) {
      for (const { status, headers, text } of await answersOf(door, ground)) {
        for (const name of ['server', 'x-powered-by', 'via', 'x-runtime', 'x-version', 'x-aspnet-version'])
          assert.equal(headers[name], undefined, door.route)
        if (status < 400) continue
        assert.doesNotMatch(
          text,
          /node:|node_modules|\n\s+at |\.[cm]?[jt]s\b|\/(?:work|home|src|tmp)\/|sqlite|select |fastify|undici|v?\d+\.\d+\.\d+|Error:|undefined|\[object/i,
          door.route,
        )
      }
    }
  })

  test('gives a request an id of its own, whatever id it came with', async () => {
    const forged = {
      'x-ms-request-id': 'forged',
      'x-request-id': 'forged',
      'request-id': 'forged',
      'x-correlation-id': 'forged',
    }
    for (const door of lasting) {
      for (const { headers } of await answersOf(door, ground, { headers: forged })) {
        assert.match(String(headers['x-ms-request-id']), /^[A-Za-z0-9._-]{1,64}$/, door.route)
        assert.doesNotMatch(JSON.stringify(headers), /forged/, door.route)
      }
    }
  })

  test('allows a page elsewhere no credentials, but for getsessionid to an origin that is trusted', async () => {
    for (const origin of ['https://evil.example', 'https://page.example', 'null', 'http://localhost:1234']) {
      for (const door of lasting) {
        for (const { status, headers } of await answersOf(door, ground, { headers: { origin } })) {
          const allowed = headers['access-control-allow-credentials']
          if (allowed === undefined) continue
          assert.ok(isSession(door), `${door.route} ${status}`)
          // A preflight says only that the request may be made; whether its answer is read is said with it.
          assert.ok(status === 204 || (status === 200 && origin === 'https://page.example'), `${origin}: ${status}`)
        }
      }
    }
  })

  test('is for pages of every origin at the API, and for none at the admin API or the pages of this machine', async () => {
    const origin = 'https://evil.example'
    for (const door of lasting) {
      for (const { status, headers } of await answersOf(door, ground, { headers: { origin } })) {
        const allowed = headers['access-control-allow-origin']
        if (isAdmin(door)) assert.equal(allowed, undefined, door.route)
        else if (isOwn(door)) assert.ok(status >= 400 || status === 204 || allowed === undefined, door.route)
        else assert.equal(allowed, origin, `${door.route} ${status}`)
      }
    }
  })

  test('sets no cookie but getsessionid’s, and takes none for a credential', async () => {
    for (const door of lasting) {
      for (const { status, headers } of await answersOf(door, ground, {
        headers: { origin: 'https://page.example' },
      })) {
        if (headers['set-cookie'] === undefined) continue
        assert.ok(isSession(door) && status === 200, door.route)
        const [cookie = ''] = headers['set-cookie']
        const shown = await knock(door, ground, { key: null, headers: { cookie: cookie.split(';')[0] ?? '' } })
        assert.equal(shown.status, 401)
      }
    }
  })
})

for (const settings of [{ development: false }, { publicUrl: 'https://chat.example.org/bots' }]) {
  test(`no answer, and nothing a bot is told, names a host that the request has chosen, with ${JSON.stringify(settings)}`, async () => {
    await using own = await startGround({ settings })
    const evil = 'evil.example'
    const headers = {
      host: evil,
      'x-forwarded-host': evil,
      'x-forwarded-proto': 'https',
      'x-forwarded-prefix': `//${evil}`,
      'x-original-host': evil,
      'x-host': evil,
      forwarded: `host=${evil};proto=https`,
    }
    const isThere = ({ route }: Door) => !(/ \/dev\//.test(route) && 'development' in settings)
    for (const door of doors.filter(isThere)) {
      const { status, text, headers: answered } = await knock(door, own, { headers })
      assert.ok(isNoFault(status), door.route)
      assert.equal(text.includes(evil), false, `${door.route}: ${text}`)
      assert.equal(JSON.stringify(answered).includes(evil), false, door.route)
    }
    for (const { talk } of [own.open, own.ada, own.old])
      assert.equal(
        talk.bot.requests.some(({ text }) => text.includes(evil)),
        false,
      )
    for (const target of [
      `http://${evil}/v3/directline/conversations`,
      `//${evil}/v3/directline/conversations`,
      `http://${evil}/`,
    ]) {
      const answer = await callRaw(
        own.app.port,
        `POST ${target} HTTP/1.1\r\nHost: ${evil}\r\nConnection: close\r\nAuthorization: Bearer ${own.open.talk.secret}\r\nContent-Length: 0\r\n\r\n`,
      )
      assert.equal(answer.includes(evil), false, answer)
    }
  })
}
