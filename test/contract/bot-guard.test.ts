/**
 * Where the bot client opens no connection: at link-local addresses and those where clouds hand out credentials,
 * however they are written, and whatever name leads there.
 */
import assert from 'node:assert/strict'
import type { LookupAddress } from 'node:dns'
import { it } from 'node:test'
import { openBotClient } from '../../src/adapters/bot-http/client.ts'
import { isRefused } from '../../src/adapters/bot-http/guard.ts'
import { accepting, answered, call, httpBot, unreachable } from './bot-servers.ts'

const refused = unreachable('EADDRREFUSED')
const at = (url: string, host: string) => ({ url: url.replace('127.0.0.1', host) })

it('refuses the addresses themselves, in every way a URL can write them', async () => {
  await using client = openBotClient()
  for (const host of [
    '169.254.169.254',
    '169.254.0.1',
    '2852039166',
    '0xa9fea9fe',
    '0251.0376.0251.0376',
    '169.254.43518',
    '169.254.169.254.',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '[0:0:0:0:0:ffff:a9fe:a9fe]',
    '[fe80::1]',
    '[febf:ffff::1]',
    '[fd00:ec2::254]',
    '[fd00:0ec2:0::0254]',
    '100.100.100.200',
    '[64:ff9b::169.254.169.254]',
    '0.0.0.0',
    '0',
    '[::]',
    '[::ffff:0.0.0.0]',
  ]) {
    assert.deepEqual(await call(client, { url: `http://${host}/api/messages` }), refused, host)
    assert.deepEqual(await call(client, { url: `https://user@${host}:8443/api/messages` }), refused, host)
  }
})

it('refuses no other address', () => {
  for (const address of [
    '127.0.0.1',
    '::1',
    '10.0.0.1',
    '192.168.1.1',
    '100.100.100.199',
    '169.253.0.1',
    '170.0.0.0',
    'fd00:ec2::253',
    'fec0::1',
    '64:ff9b::a00:1',
    '203.0.113.9',
  ])
    assert.equal(isRefused(address), false, address)
  assert.equal(isRefused('fe80::1%eth0'), true)
})

it('calls a bot there if its settings say so', async () => {
  await using bot = await httpBot(accepting)
  await using client = openBotClient()
  const here = at(bot.url, '0.0.0.0')
  assert.deepEqual(await call(client, here), refused)
  assert.deepEqual(await call(client, here, { allowLinkLocal: true }), answered(200))
  assert.deepEqual(await call(client, here), refused, 'one bot’s leave is no other’s')
})

it('judges a name by the addresses that are connected to, each time anew, and passes over those that are refused', async () => {
  await using bot = await httpBot(accepting)
  let found: LookupAddress[] = []
  let asked = 0
  await using client = openBotClient({
    resolve: (_hostname, _options, callback) => {
      asked += 1
      callback(null, found)
    },
  })
  const named = at(bot.url, 'bot.example')
  const v4 = (address: string) => ({ address, family: 4 })
  found = [v4('169.254.169.254'), { address: 'fe80::1', family: 6 }, { address: '::ffff:169.254.169.254', family: 6 }]
  assert.deepEqual(await call(client, named), refused)
  found = [v4('127.0.0.1')]
  assert.deepEqual(await call(client, named), answered(200))
  for (const connection of bot.open) connection.destroy()
  // The name now leads elsewhere, as one that was made for this would.
  found = [v4('169.254.169.254')]
  assert.deepEqual(await call(client, named), refused)
  found = [v4('169.254.169.254'), v4('127.0.0.1')]
  assert.deepEqual(await call(client, named), answered(200))
  assert.equal(asked, 4)
  assert.equal(bot.opened(), 2)
})
