/**
 * A settings file: what of it counts, and what is said of one that is wrong.
 */
import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { SettingsError, sampleSettings } from '../../src/config.ts'
import { defaults } from '../../src/settings.ts'
import { folderWith } from './files.ts'

const long = 'a-secret-of-thirty-two-characters'

suite('a settings file', () => {
  test('with mistakes says all of them at once, each with its line and column', async () => {
    await using folder = await folderWith({
      'landline.yaml': [
        'listen: { host: 127.0.0.1, prot: 3977 }',
        'publicUrl: chat.example.org',
        'bots:',
        '  - id: orders',
        '    endpoint: http://127.0.0.1:3978/api/messages',
        '    schema: v2',
        '    sites:',
        '      - trustedOrigins: [https://www.example.org, www.example.org]',
      ].join('\n'),
    })
    assert.deepEqual(folder.problems(), [
      'landline.yaml:1:28  listen.prot: is no setting: did you mean port?',
      'landline.yaml:2:12  publicUrl: takes an http or https address such as https://chat.example.org, without query, fragment or user name, not "chat.example.org"',
      'landline.yaml:6:13  bots[0].schema: takes v3 or v1, not "v2"',
      'landline.yaml:8:51  bots[0].sites[0].trustedOrigins[1]: takes an origin such as https://www.example.org, without path, not "www.example.org"',
    ])
  })

  test('is told the name it most likely means', async () => {
    const meant = async (text: string) => {
      await using folder = await folderWith({ 'landline.yaml': text })
      return folder.problems().map(line => /did you mean (.*)\?/.exec(line)?.[1])
    }
    assert.deepEqual(await meant('publicURL: x'), ['publicUrl'])
    assert.deepEqual(await meant('port: 80'), ['listen.port'])
    assert.deepEqual(await meant('limits: {socketPerNode: 1}'), ['socketsPerNode'])
    assert.deepEqual(await meant('bots: [{endpiont: x}]'), ['endpoint'])
    assert.deepEqual(await meant('colour: red'), [undefined])
  })

  test('that is no YAML says where, and nothing of what stands there', async () => {
    for (const [text, said] of [
      ['a: "s3cret', /^landline\.yaml:1:11 {2}a character is missing/],
      ['admin:\n  key: "a" s3cret', /^landline\.yaml:2:12 {2}/],
      ['admin:\n\tkey: s3cret', /^landline\.yaml:2:1 {2}YAML is indented with spaces/],
      ['webchat: {}\nwebchat: {}', /^landline\.yaml:2:1 {2}this name is here twice/],
      ['a: 1\n---\nb: 2', /one document/],
      ['admin: *s3cret', /^landline\.yaml:1:8 {2}an alias without its anchor/],
      ['listen: !s3cret 1', /^landline\.yaml:1:9 {2}this tag/],
      ['- s3cret', /^landline\.yaml:1:1 {2}: takes settings by name|takes settings by name/],
      [`${'['.repeat(20_000)}`, /^landline\.yaml:1:/],
      [new Uint8Array([0x61, 0x3a, 0xff]), /not UTF-8/],
    ] as const) {
      await using folder = await folderWith({ 'landline.yaml': text })
      const problems = folder.problems()
      assert.match(problems.join('\n'), said)
      assert.ok(!problems.join().includes('s3cret'), String(text))
    }
  })

  test('can’t fill the memory with aliases', async () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `a${level + 1}: &a${level + 1} [${`*a${level},`.repeat(9)}]`,
    )
    await using folder = await folderWith({ 'landline.yaml': ['a0: &a0 [x]', ...levels].join('\n') })
    assert.match(folder.problems().join(), /there is too much of this/)
  })

  test('is the one that is named, or one of three of the folder, or none', async () => {
    await using folder = await folderWith({
      'landline.json': '{\n\t"listen": {"port": 4001}\n}',
      'other/own.yml': 'listen: { port: 4002 }',
    })
    const json = folder.read()
    assert.deepEqual([json.file, json.settings.listen.port], ['landline.json', 4001])
    const own = folder.read({ flags: { config: 'other/own.yml' } })
    assert.deepEqual([own.file, own.settings.listen.port], [join('other', 'own.yml'), 4002])
    await using empty = await folderWith({})
    assert.equal(empty.read().file, undefined)
    assert.match(empty.problems({ flags: { config: 'gone.yaml' } }).join(), /^gone\.yaml {2}can't be read \(ENOENT\)/)
    await using both = await folderWith({ 'landline.json': '{}', 'landline.yaml': '# nothing yet' })
    assert.match(both.read().warnings.join(), /landline\.yaml is read, and landline\.json beside it is not/)
  })

  test('may have a name without a value only where the rest is commented out', async () => {
    await using folder = await folderWith({ 'landline.yaml': 'listen:\n  # port: 1\nadmin:\n  key:\nbots:' })
    assert.deepEqual(folder.problems(), [
      'landline.yaml:4:7  admin.key: has no value: give it one, or take the name away',
    ])
  })

  test('says durations, sizes and every limit, with units or in plain numbers', async () => {
    await using folder = await folderWith({
      'landline.yaml': [
        'retention: { conversations: 14d, files: 90m }',
        'tokenLifetime: 3600',
        'inspect: { maxBody: 16KiB, hours: 2d }',
        'shutdown: { seconds: 1m }',
        'limits:',
        '  pingMs: 15s',
        '  silenceMs: 45000',
        '  fileBytesPerConversation: 1.5MiB',
        '  diskReserve: { share: 0.1 }',
        '  rates: { sendsPerToken: { perSecond: 0.5 } }',
        'bots: [{ endpoint: "http://127.0.0.1:1/", timeoutMs: 2s }]',
      ].join('\n'),
    })
    const { settings, lines } = folder.read()
    assert.deepEqual(
      [settings.conversationLifetimeSeconds, settings.fileLifetimeSeconds, settings.tokenLifetimeSeconds],
      [14 * 86_400, 5_400, 3_600],
    )
    assert.deepEqual([settings.inspect.maxBody, settings.inspect.hours, settings.stopTimeoutMs], [16_384, 48, 60_000])
    assert.deepEqual(settings.limits, {
      ...defaults.limits,
      pingMs: 15_000,
      silenceMs: 45_000,
      fileBytesPerConversation: 1_572_864,
      diskReserve: { ...defaults.limits.diskReserve, share: 0.1 },
      rates: { ...defaults.limits.rates, sendsPerToken: { perSecond: 0.5, burst: 60 } },
    })
    assert.equal(settings.bots[0]?.timeoutMs, 2_000)
    assert.equal(lines.find(({ name }) => name === 'retention.conversations')?.value, '14d')
    await using wrong = await folderWith({
      'landline.yaml': 'limits: { pingMs: 80s, headersMs: 5 parsecs, logEntries: -1 }',
    })
    assert.deepEqual(
      wrong.problems().map(line => line.split(' ')[2]),
      ['limits.silenceMs:', 'limits.headersMs:', 'limits.logEntries:'],
    )
  })

  test('has several bots, each with where it stands, and flags and variables tell of one bot alone', async () => {
    const one =
      'bots:\n  - id: orders\n    endpoint: http://127.0.0.1:4000/api/messages\n    sites:\n      - name: My Site\n'
    await using folder = await folderWith({
      'landline.yaml': `${one}  - name: Help Desk\n    endpoint: http://127.0.0.1:4001/\n    appId: one\n`,
    })
    const { settings, botGiven } = folder.read()
    assert.equal(botGiven, true)
    assert.deepEqual(
      settings.bots.map(({ id, name, where, app, sites }) => [id, name, where, app, sites.map(site => site.id)]),
      [
        ['orders', 'orders', 'landline.yaml:2', undefined, ['my-site']],
        ['help-desk', 'Help Desk', 'landline.yaml:6', { id: 'one', password: undefined }, ['default']],
      ],
    )
    assert.deepEqual(folder.problems({ environment: { LANDLINE_BOT: 'http://127.0.0.1:1/' } }), [
      'LANDLINE_BOT: tells of one bot, and the file has 2: change it there',
    ])
    await using single = await folderWith({ 'landline.yaml': one })
    const { bots } = single.read({
      flags: { bot: 'http://127.0.0.1:2/' },
      environment: { LANDLINE_SECRET: long },
    }).settings
    assert.deepEqual(
      [bots[0]?.id, bots[0]?.endpoint, bots[0]?.where, bots[0]?.sites[0]?.secrets],
      ['orders', 'http://127.0.0.1:2/', 'landline.yaml:2', [long]],
    )
  })

  test('can’t have two of one id, or one secret twice, or what does not go together', async () => {
    await using folder = await folderWith({
      'landline.yaml': [
        'store: { kind: postgres, url: { env: DATABASE } }',
        'bus: { kind: redis }',
        'entraUrl: http://login.example.org',
        'bots:',
        `  - { id: a, sites: [{ id: x, secrets: [${long}] }, { id: x, secrets: [${long}] }] }`,
        '  - { id: a, appPassword: p, allowSelfSigned: on }',
        '  - { id: b, authority: microsoft }',
        '  - { id: B }',
        '  - { sites: [{ id: Y }, {}, {}] }',
      ].join('\n'),
    })
    const problems = folder.problems({ environment: { DATABASE: 'postgres://somewhere' } })
    assert.deepEqual(
      problems.map(line => line.replace(/^(\S+) {2}(\S+): (.{12}).*/, '$1 $2 $3')),
      [
        'landline.yaml:1:16 masterKey is needed wi',
        'landline.yaml:2:14 bus.kind redis takes ',
        'landline.yaml:3:11 entraUrl takes an htt',
        'landline.yaml:5:85 bots[0].sites[1].id is the id of',
        'landline.yaml:5:97 bots[0].sites[1].secrets has a secret',
        'landline.yaml:6:11 bots[1].id is the id of',
        'landline.yaml:6:27 bots[1].appPassword goes with an',
        'landline.yaml:6:47 bots[1].allowSelfSigned is for a dev',
        'landline.yaml:7:25 bots[2].authority microsoft ta',
        'landline.yaml:8:11 bots[3].id takes up to ',
        'landline.yaml:9:21 bots[4].sites[0].id takes up to ',
        'landline.yaml:9:30 bots[4].sites[2].id is the id of',
      ],
    )
    assert.ok(!problems.join().includes(long))
  })

  test('names the folder of the store, or the database in it, from where the file is', async () => {
    await using folder = await folderWith({
      'conf/folder.yaml': 'store: { path: data }',
      'conf/database.yaml': 'store: { path: data/landline.db }',
      'conf/other.yaml': 'store: { path: data/chat.db }',
    })
    const dirOf = (config: string) => {
      const { store } = folder.read({ flags: { config } }).settings
      return store.kind === 'sqlite' ? store.dir : undefined
    }
    const data = join(folder.dir, 'conf', 'data')
    assert.deepEqual([dirOf('conf/folder.yaml'), dirOf('conf/database.yaml')], [data, data])
    assert.match(folder.problems({ flags: { config: 'conf/other.yaml' } }).join(), /always called landline\.db/)
    assert.deepEqual(folder.read().settings.store, { kind: 'sqlite', dir: '.' })
    assert.deepEqual(folder.read({ mode: 'dev' }).settings.store, { kind: 'sqlite', dir: '.landline' })
    assert.deepEqual(folder.read({ flags: { memory: true, dir: 'x' } }).settings.store, { kind: 'memory' })
  })

  test('that others can read is warned of where secrets stand in it', async () => {
    await using folder = await folderWith({
      'landline.yaml': `admin: { key: ${long} }`,
      'safe.yaml': 'admin: { key: { env: KEY } }',
    })
    const warnings = (config: string) => folder.read({ flags: { config }, environment: { KEY: long } }).warnings
    assert.deepEqual(warnings('landline.yaml'), [])
    chmodSync(join(folder.dir, 'landline.yaml'), 0o640)
    chmodSync(join(folder.dir, 'safe.yaml'), 0o644)
    assert.match(warnings('landline.yaml').join(), /can read landline\.yaml.*admin\.key.*chmod 600/)
    assert.deepEqual(warnings('safe.yaml'), [])
  })

  test('as `config init` writes it can be used as it is, and with every line of it', async () => {
    const all = sampleSettings()
      .replace(/^( *)#(?! )/gm, '$1')
      .replace(/^( *)# (?= +\w+:)/gm, '$1')
    await using folder = await folderWith({
      'landline.yaml': sampleSettings(),
      'all.yaml': all.replace(/^#( .*)/gm, '#$1'),
    })
    const { settings, warnings } = folder.read()
    assert.deepEqual([settings.bots.map(({ id }) => id), warnings], [['orders'], []])
    const environment = {
      LANDLINE_MASTER: Buffer.alloc(32, 7).toString('base64'),
      LANDLINE_ADMIN: long,
      ORDERS_PASSWORD: 'password',
      WEBSITE_SECRET: `${long}-2`,
    }
    const full = folder.read({ flags: { config: 'all.yaml' }, environment }).settings
    assert.deepEqual(
      [full.publicUrl, full.adminKey, full.bots[0]?.app?.password, full.limits.socketsPerConversation],
      ['https://chat.example.org', long, 'password', 16],
    )
  })
})

test('problems of the command line alone are wrong usage', async () => {
  await using folder = await folderWith({ 'bad.yaml': 'colour: red' })
  const isUsage = (flags: Record<string, string>) => {
    try {
      folder.read({ flags })
      return undefined
    } catch (error) {
      return error instanceof SettingsError && error.isUsage
    }
  }
  assert.deepEqual([isUsage({ port: 'x' }), isUsage({ port: 'x', config: 'bad.yaml' })], [true, false])
})
