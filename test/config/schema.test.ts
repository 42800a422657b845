/**
 * The JSON Schema of the settings file, by a validator that knows nothing of us.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import { sampleSettings, settingsSchema } from '../../src/config.ts'

const openValidator = (): Ajv => new Ajv({ allErrors: true, allowUnionTypes: true })

/** A file as it could stand on somebody's server, with a bit of everything. */
const full = `
listen: { host: 127.0.0.1, port: 3977 }
publicUrl: https://chat.example.org        # what clients and bots are told
store: { kind: sqlite, path: landline.db }
bus: { kind: local }
masterKey: { file: /run/secrets/landline }
admin: { key: { env: LANDLINE_ADMIN_KEY }, listen: 127.0.0.1:3976, hosts: [ops.example.org] }
inspect: { bodies: none, maxBody: 16KiB, hours: 24 }
retention: { conversations: 14d }
webchat: { public: true }
bots:
  - id: orders
    endpoint: https://bots.example.org/api/messages
    appId: 11111111-2222-3333-4444-555555555555
    appPassword: { file: /run/secrets/orders }
    sites:
      - { name: website, trustedOrigins: [https://www.example.org], enhancedAuth: true }
`

suite('the JSON Schema', () => {
  test('is one, and accepts the sample and a full file', async () => {
    const [schema, ajv] = [await settingsSchema(), openValidator()]
    assert.ok(ajv.validateSchema(schema), JSON.stringify(ajv.errors))
    for (const text of [full, sampleSettings(), '{}', 'listen:'])
      assert.ok(ajv.validate(schema, parse(text)), JSON.stringify(ajv.errors))
  })

  test('says a default only where it hangs on nothing else', async () => {
    const { properties } = parse(JSON.stringify(await settingsSchema()))
    assert.equal(properties.inspect.properties.turns.default, 10_000)
    for (const [group, name] of [
      ['listen', 'port'],
      ['bus', 'kind'],
    ])
      assert.equal(properties[group ?? ''].properties[name ?? ''].default, undefined, `${group}.${name}`)
  })

  test('refuses names that are none, and values that are not taken', async () => {
    const [schema, ajv] = [await settingsSchema(), openValidator()]
    for (const text of [
      'colour: red',
      'listen: { prot: 1 }',
      'listen: { port: 70000 }',
      'listen: { port: "3977" }',
      'retention: { conversations: long }',
      'limits: { rates: { sendsPerToken: { burst: 0 } } }',
      'admin: { key: { env: A, file: B } }',
      'bots: [{ schema: v2 }]',
      'bots: [{ sites: [{ secrets: [a, b, c] }] }]',
    ])
      assert.equal(ajv.validate(schema, parse(text)), false, text)
  })
})
