/**
 * What the command line and the environment mean, read without starting anything.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Flags, readSettings, SettingsError } from './config.ts'

const long = 'a-secret-of-thirty-two-characters'

/** The flags of a command line, as the commands hand them over. */
function flagsOf(words: string): Flags {
  const flags: Record<string, string | boolean> = {}
  for (const [, name = '', value] of words.matchAll(/--([\w-]+)(?: ((?!--)\S+))?/g))
    flags[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())] = value ?? true
  return flags
}

const read = (words: string, environment: Record<string, string> = {}) =>
  readSettings({ flags: flagsOf(words), environment, cwd: import.meta.dirname, mode: 'dev' })

/** Every problem is about the place, and one of them says this. */
const refuses = (words: string, environment: Record<string, string>, said: RegExp) =>
  assert.throws(
    () => read(words, environment),
    (error: unknown) => error instanceof SettingsError && error.message.split('\n').some(line => said.test(line)),
    words,
  )

/** What the admin API may be reached by from other machines, where a test is about something else. */
const plainHttp = { LANDLINE_ADMIN_ALLOW_PLAIN_HTTP: 'on' }

suite('settings', () => {
  test('are those of a developer’s machine until somebody says otherwise', () => {
    const { settings, warnings, botGiven } = read('')
    assert.deepEqual(settings.listen, { host: '127.0.0.1', port: 3977, further: 20 })
    assert.equal(settings.development, true)
    assert.equal(settings.revealSecrets, true)
    assert.equal(settings.rateLimits, true)
    assert.deepEqual([warnings, botGiven], [[], false])
  })

  test('leave development as soon as other machines can reach the service, and hide secrets then', () => {
    for (const words of [
      '--host 0.0.0.0',
      '--host ::',
      '--host 10.0.0.7',
      '--public-url https://chat.example.org',
      '--public-url http://10.0.0.7:3977',
    ]) {
      const { settings } = read(words, plainHttp)
      assert.deepEqual([settings.development, settings.revealSecrets], [false, false], words)
    }
    for (const words of [
      '--host ::1',
      '--host localhost',
      '--host 127.0.0.2',
      '--public-url http://localhost:80/line',
    ]) {
      assert.equal(read(words).settings.development, true, words)
    }
  })

  test('are warned of where secrets can be read on the way, and of lifted rates', () => {
    assert.match(read('--host 0.0.0.0', plainHttp).warnings.join(), /--public-url[\s\S]*https/)
    assert.match(read('--public-url http://chat.example.org').warnings.join(), /https/)
    assert.deepEqual(read('--host 0.0.0.0 --public-url https://chat.example.org').warnings, [])
    const lifted = read('', { LANDLINE_RATE_LIMITS: 'off' })
    assert.equal(lifted.settings.rateLimits, false)
    assert.match(lifted.warnings.join(), /LANDLINE_RATE_LIMITS/)
  })

  test('take a public URL without the slash at its end', () => {
    assert.equal(
      read('--public-url https://chat.example.org/line/').settings.publicUrl,
      'https://chat.example.org/line',
    )
  })

  test('take proxies as addresses and networks', () => {
    assert.deepEqual(read('--trust-proxy 10.0.0.7,fd00::/8').settings.trustedProxies, ['10.0.0.7', 'fd00::/8'])
  })

  test('take an app id with a password, from either place, or without', () => {
    const appOf = (words: string, environment = {}) => read(words, environment).settings.bots[0]?.app
    assert.deepEqual(appOf('--app id:pass:word'), { id: 'id', password: 'pass:word' })
    assert.deepEqual(appOf('--app id', { LANDLINE_APP_PASSWORD: 'pw' }), { id: 'id', password: 'pw' })
    assert.deepEqual(appOf('--app id:own', { LANDLINE_APP_PASSWORD: 'pw' }), { id: 'id', password: 'own' })
    assert.deepEqual(appOf('--app id'), { id: 'id', password: undefined })
    assert.equal(appOf(''), undefined)
  })

  test('take secrets from the environment, and from the command line before it', () => {
    const secretOf = (words: string, environment = {}) => read(words, environment).settings.bots[0]?.sites[0]?.secrets
    assert.deepEqual(secretOf('', { LANDLINE_SECRET: long }), [long])
    assert.deepEqual(secretOf('--secret short', { LANDLINE_SECRET: long }), ['short'])
    assert.equal(read('', { LANDLINE_ADMIN_KEY: long }).settings.adminKey, long)
  })
})

test('what can not be meant is refused, and a secret is not repeated', () => {
  refuses('--host a_b', {}, /--host/)
  refuses('--public-url ftp://a.example', {}, /--public-url/)
  refuses('--public-url https://a.example/?x=1', {}, /--public-url/)
  refuses('--trust-proxy 10.0.0.0/33', {}, /--trust-proxy.*10\.0\.0\.0\/33/)
  refuses('--trust-proxy proxy.example.org', {}, /--trust-proxy/)
  refuses('--port 65536', {}, /--port: takes a number from 0 to 65535, not "65536"/)
  refuses('--schema v2', {}, /--schema: takes v3 or v1, not "v2"/)
  refuses('--authority azure', {}, /--authority: takes landline or microsoft or none/)
  refuses('--authority microsoft --app id', {}, /--app/)
  refuses('--authority microsoft', {}, /--app/)
  refuses('--tenant Contoso', {}, /--tenant/)
  refuses('--app :pw', {}, /--app/)
  refuses('--app id:', {}, /--app/)
  refuses('', { LANDLINE_RATE_LIMITS: 'maybe' }, /^LANDLINE_RATE_LIMITS: takes on or off/)
  refuses('--host 0.0.0.0 --secret short', plainHttp, /^--secret: takes at least 32/)
  refuses('--host 0.0.0.0', { ...plainHttp, LANDLINE_SECRET: 'short' }, /^LANDLINE_SECRET: takes at least 32/)
  refuses('--host 0.0.0.0', { ...plainHttp, LANDLINE_ADMIN_KEY: 'short' }, /^LANDLINE_ADMIN_KEY: takes at least 32/)
  for (const words of ['--host 0.0.0.0 --secret sh0rt', '--app sh0rt:', '--app :sh0rt']) {
    assert.throws(
      () => read(words, { LANDLINE_ADMIN_KEY: 'sh0rt', LANDLINE_MASTER_KEY: 'sh0rt' }),
      (error: unknown) => error instanceof SettingsError && !error.message.includes('sh0rt'),
    )
  }
})

test('the admin API is not reached by other machines without https, unless somebody says so', () => {
  const refused = /^--host: lets other machines reach the admin API without https/
  refuses('--host 0.0.0.0', {}, refused)
  refuses('--host 0.0.0.0 --public-url http://chat.example.org', {}, refused)
  refuses('', { LANDLINE_ADMIN_LISTEN: '0.0.0.0:3976' }, /^LANDLINE_ADMIN_LISTEN: lets other machines/)
  refuses(
    '',
    { LANDLINE_ADMIN_LISTEN: '127.0.0.1:3977' },
    /^LANDLINE_ADMIN_LISTEN: is the address that everything else/,
  )
  for (const environment of [
    { LANDLINE_ADMIN_ENABLED: 'off' },
    { LANDLINE_ADMIN_LISTEN: '127.0.0.1:3976' },
    { LANDLINE_ADMIN_ALLOW_PLAIN_HTTP: 'true' },
    { LANDLINE_PUBLIC_URL: 'https://chat.example.org' },
  ])
    assert.equal(read('--host 0.0.0.0', environment).settings.development, false)
})
