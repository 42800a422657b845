/**
 * Which of several sources counts, how it is shown, and that secrets are not.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { variables } from '../../src/config/environment.ts'
import { changedSettings, flagOptions } from '../../src/config.ts'
import { folderWith } from './files.ts'

const secrets = {
  admin: 'the-admin-key-that-nobody-is-told',
  app: 'the-app-password-nobody-is-told',
  site: 'the-site-secret-that-nobody-is-told',
  other: 'the-other-secret-that-nobody-is-told',
  master: Buffer.alloc(32, 11).toString('base64'),
}

suite('a setting', () => {
  test('is taken from the flag before the variable, from the variable before the file, and the file before the default', async () => {
    await using folder = await folderWith({ 'landline.yaml': 'listen:\n  port: 4001\n' })
    const portOf = (from: Parameters<typeof folder.read>[0]) => {
      const { lines } = folder.read(from)
      const { value, origin, where } = lines.find(({ name }) => name === 'listen.port') ?? {}
      return [value, origin, where]
    }
    const environment = { LANDLINE_LISTEN_PORT: '4002' }
    assert.deepEqual(portOf({ environment, flags: { port: '4003' } }), [4003, 'flag', '--port'])
    assert.deepEqual(portOf({ environment }), [4002, 'env', 'LANDLINE_LISTEN_PORT'])
    assert.deepEqual(portOf({}), [4001, 'file', 'landline.yaml:2:9'])
    await using empty = await folderWith({})
    const line = empty.read().lines.find(({ name }) => name === 'listen.port')
    assert.deepEqual(line, { name: 'listen.port', value: 3977, origin: 'default', where: undefined, secret: false })
  })

  test('that does not count is checked all the same', async () => {
    await using folder = await folderWith({ 'landline.yaml': 'listen: { port: many }' })
    assert.deepEqual(folder.problems({ environment: { LANDLINE_LISTEN_PORT: '-1' }, flags: { port: '1' } }), [
      'LANDLINE_LISTEN_PORT: takes a number from 0 to 65535, not "-1"',
      'landline.yaml:1:17  listen.port: takes a number from 0 to 65535, not "many"',
    ])
  })

  test('of a variable can be in a file, without its last line end, and not in both', async () => {
    await using folder = await folderWith({ key: `${secrets.admin}\n`, host: '127.0.0.2\r\n' })
    const environment = { LANDLINE_ADMIN_KEY_FILE: 'key', LANDLINE_LISTEN_HOST_FILE: join(folder.dir, 'host') }
    const { settings, lines } = folder.read({ environment })
    assert.deepEqual([settings.adminKey, settings.listen.host], [secrets.admin, '127.0.0.2'])
    assert.equal(lines.find(({ name }) => name === 'admin.key')?.where, 'LANDLINE_ADMIN_KEY_FILE')
    assert.match(folder.problems({ environment: { ...environment, LANDLINE_ADMIN_KEY: 'x' } }).join(), /set as well/)
    assert.match(
      folder.problems({ environment: { LANDLINE_BOT_FILE: 'gone' } }).join(),
      /gone can't be read \(ENOENT\)/,
    )
  })

  test('is not given by an empty variable, but a secret is not to be empty', async () => {
    await using folder = await folderWith({})
    assert.equal(folder.read({ environment: { LANDLINE_LISTEN_PORT: '' } }).settings.listen.port, 3977)
    assert.match(folder.problems({ environment: { LANDLINE_ADMIN_KEY: '' } }).join(), /^LANDLINE_ADMIN_KEY: takes/)
  })

  test('that is spelt nearly as a variable is warned of, and foreign ones are left alone', async () => {
    await using folder = await folderWith({})
    const warnings = (environment: Record<string, string>) => folder.read({ environment }).warnings
    assert.match(warnings({ LANDLINE_LISTEN_PROT: '1' }).join(), /did you mean LANDLINE_LISTEN_PORT\?/)
    assert.match(warnings({ LANDLINE_HOST: 'x' }).join(), /did you mean LANDLINE_LISTEN_HOST\?/)
    assert.match(warnings({ LANDLINE_KEY: 'x' }).join(), /did you mean LANDLINE_ADMIN_KEY\?/)
    const kubernetes = {
      LANDLINE_PORT: 'tcp://10.0.0.1:80',
      LANDLINE_SERVICE_HOST: '10.0.0.1',
      LANDLINE_PORT_80_TCP: 'x',
    }
    assert.deepEqual(warnings({ ...kubernetes, LANDLINE_URL: 'http://127.0.0.1:1' }), [])
  })

  test('for serve is not a developer’s: no bot, no secrets shown, no bodies kept, one port', async () => {
    await using folder = await folderWith({})
    const { settings, botGiven } = folder.read({ mode: 'serve' })
    assert.deepEqual(
      [settings.mode, settings.development, settings.revealSecrets, settings.inspect.bodies],
      ['serve', false, false, 'none'],
    )
    assert.deepEqual([settings.listen.further, settings.bots, botGiven], [0, [], false])
    assert.equal(folder.read({ environment: { LANDLINE_REVEAL_SECRETS: 'on' } }).settings.revealSecrets, true)
    assert.match(folder.problems({ flags: { secret: 'short' } }).join(), /^--secret: takes at least 32/)
    const { settings: dev } = folder.read({ mode: 'dev' })
    assert.deepEqual([dev.listen.further, dev.inspect.bodies], [20, 'full'])
  })
})

suite('secrets', () => {
  const file = [
    'admin: { key: { env: ADMIN } }',
    'masterKey: { file: secrets/master }',
    'bots:',
    '  - endpoint: http://127.0.0.1:1/api/messages?code=the-code-that-nobody-is-told',
    '    appId: one',
    '    appPassword: { file: secrets/app }',
    `    sites: [{ secrets: [${secrets.site}, { env: OTHER }] }]`,
  ].join('\n')
  const files = {
    'conf/landline.yaml': file,
    'conf/secrets/app': `${secrets.app}\n`,
    'conf/secrets/master': secrets.master,
  }
  const from = { flags: { config: 'conf/landline.yaml' }, environment: { ADMIN: secrets.admin, OTHER: secrets.other } }

  test('are taken as text, from variables, and from files beside the settings', async () => {
    await using folder = await folderWith(files)
    const { settings } = folder.read(from)
    const [bot] = settings.bots
    assert.deepEqual(
      [settings.adminKey, settings.masterKey, bot?.app, bot?.sites[0]?.secrets],
      [secrets.admin, secrets.master, { id: 'one', password: secrets.app }, [secrets.site, secrets.other]],
    )
  })

  test('are never shown', async () => {
    await using folder = await folderWith(files)
    const { lines, warnings } = folder.read(from)
    const shown = JSON.stringify([lines, warnings])
    for (const secret of [...Object.values(secrets), 'the-code-that-nobody-is-told'])
      assert.ok(!shown.includes(secret), secret)
    const hidden = lines.filter(({ secret, value }) => secret && value !== undefined)
    assert.deepEqual(
      hidden.map(({ name, value }) => [name, value]),
      [
        ['masterKey', '•••'],
        ['admin.key', '•••'],
        ['bots.bot.appPassword', '•••'],
        ['bots.bot.sites.default.secrets', ['•••', '•••']],
      ],
    )
  })

  test('are not in what is said of wrong ones', async () => {
    await using folder = await folderWith({
      'landline.yaml': [
        'publicUrl: https://me:s3cret@example.org',
        'masterKey: s3cret',
        'admin: { key: "s3cret with spaces" }',
        'store: { url: { env: s3cret } }',
        'bus: { url: { text: s3cret } }',
        'bots: [{ appPassword: 12345, sites: [{ secrets: [s3cret] }, { id: b, secrets: ["s3cret s3cret"] }] }]',
      ].join('\n'),
    })
    const problems = folder.problems()
    assert.ok(!problems.join('\n').includes('s3cret'), problems.join('\n'))
    assert.deepEqual(
      problems.map(line => /^\S+ {2}(\S+):/.exec(line)?.[1]),
      [
        'publicUrl',
        'masterKey',
        'admin.key',
        'store.url',
        'bus.url',
        'bots[0].appPassword',
        'bots[0].sites[0].secrets',
        'bots[0].sites[1].secrets[0]',
      ],
    )
    assert.match(folder.problems().join('\n'), /bots\[0\]\.appPassword: is a number as it stands: put it in quotes/)
  })
})

test('what changed and takes a restart is named, and bots are not: those are read again', async () => {
  await using folder = await folderWith({ 'landline.yaml': 'admin: { key: { file: key } }', key: secrets.admin })
  const before = folder.read()
  assert.deepEqual(changedSettings(before, folder.read()), [])
  writeFileSync(join(folder.dir, 'key'), secrets.other)
  writeFileSync(join(folder.dir, 'landline.yaml'), 'admin: { key: { file: key } }\nlisten: { port: 1 }\nbots: [{}]')
  assert.deepEqual(changedSettings(before, folder.read()), ['listen.port', 'admin.key'])
})

test('every flag and every variable is of one setting', () => {
  const names = flagOptions.map(({ name }) => name)
  assert.equal(new Set(variables).size, variables.length)
  for (const name of ['SECRET', 'APP_PASSWORD', 'ADMIN_KEY', 'RATE_LIMITS', 'BOT', 'LISTEN_PORT', 'PUBLIC_URL'])
    assert.ok(variables.includes(`LANDLINE_${name}`), name)
  assert.equal(new Set(names).size, names.length)
  for (const name of ['port', 'host', 'public-url', 'trust-proxy', 'bot', 'schema', 'app', 'authority', 'tenant'])
    assert.ok(names.includes(name), name)
  for (const name of ['dir', 'secret', 'memory', 'config']) assert.ok(names.includes(name), name)
})
