/**
 * What the command line and the environment mean, read without starting anything.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { readCommandLine, UsageError } from './config.ts'

const long = 'a-secret-of-thirty-two-characters'

const read = (words: string, environment: Record<string, string> = {}) =>
  readCommandLine(words.split(' ').filter(Boolean), environment)

const refuses = (words: string, environment: Record<string, string>, said: RegExp) =>
  assert.throws(
    () => read(words, environment),
    (error: unknown) => error instanceof UsageError && said.test(error.message),
    words,
  )

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
      const { settings } = read(words)
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
    assert.match(read('--host 0.0.0.0').warnings.join(), /--public-url[\s\S]*https/)
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
  refuses('--schema v2', {}, /--schema takes v3 or v1/)
  refuses('--authority azure', {}, /--authority takes landline or microsoft or none/)
  refuses('--authority microsoft --app id', {}, /--app/)
  refuses('--authority microsoft', {}, /--app/)
  refuses('--tenant Contoso', {}, /--tenant/)
  refuses('--app :pw', {}, /--app/)
  refuses('--app id:', {}, /--app/)
  refuses('', { LANDLINE_RATE_LIMITS: 'maybe' }, /LANDLINE_RATE_LIMITS takes on or off/)
  refuses('--host 0.0.0.0 --secret short', {}, /^(?!.*short).*at least 32/)
  refuses('--host 0.0.0.0', { LANDLINE_SECRET: 'short' }, /^(?!.*short).*LANDLINE_SECRET.*at least 32/)
  refuses('--host 0.0.0.0', { LANDLINE_ADMIN_KEY: 'short' }, /LANDLINE_ADMIN_KEY/)
})
