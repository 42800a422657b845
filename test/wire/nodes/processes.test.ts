/**
 * Nodes as people start them: three processes at once on a database that nobody has used; and what becomes of what they
 * know when the database goes away and comes back.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { openDesk } from '../../cli/desk.ts'
import { done } from '../../support/admin.ts'
import { getPage, startChat } from '../../support/direct-line.ts'
import { makeFolder } from '../../support/folder.ts'
import { startPostgres, withoutPostgres } from '../../support/postgres.ts'
import { openDatabase } from './grounds.ts'
import { at, heeded, masterKey, startNodes } from './nodes.ts'

suite('nodes on a PostgreSQL server', { skip: withoutPostgres ?? false }, () => {
  test('three processes started at once show one admin key and one secret, once, and each takes that secret', async () => {
    await using server = await startPostgres()
    await using desk = await openDesk()
    const lines = [
      'listen: { port: 0 }',
      'publicUrl: http://127.0.0.1:9',
      `masterKey: ${masterKey}`,
      `store: { kind: postgres, url: "${server.url}" }`,
      'bots: [{ id: orders, endpoint: "http://127.0.0.1:9/orders" }]',
    ]
    writeFileSync(join(desk.path, 'landline.yaml'), lines.join('\n'), { mode: 0o600 })
    const nodes = [desk.begin(['serve']), desk.begin(['serve']), desk.begin(['serve'])]
    try {
      // The tests' server does not sync.
      for (const node of nodes) await node.until('the risk', (_, err) => /"event":"storeAtRisk"/.test(err))
      const origins = await Promise.all(
        nodes.map(node => node.until('the start', out => /^listening: (\S+)$/m.exec(out)?.[1])),
      )
      assert.equal(new Set(origins).size, 3)
      const secret = nodes.flatMap(node => /^secret, shown this once: (\S+)$/m.exec(node.out())?.[1] ?? [])[0] ?? ''
      for (const origin of origins) await startChat({ base: `${origin}/v3/directline`, secret }, { id: 'u1' })
      const outs: string[] = []
      for (const node of nodes) {
        node.child.kill('SIGTERM')
        outs.push((await node.ended()).out)
      }
      const all = outs.join('\n')
      const shown = (what: string) => [...all.matchAll(new RegExp(`^${what}, shown this once: (\\S{43})$`, 'gm'))]
      assert.deepEqual([shown('admin key').length, shown('secret').length], [1, 1], all)
    } finally {
      for (const node of nodes) node.child.kill('SIGKILL')
    }
  })

  test('a node that could not reach the database goes on heeding when it is back, and says once that it could not', async () => {
    await using server = await startPostgres()
    await using folder = await makeFolder()
    await using world = await startNodes(openDatabase(server.url, folder.path), 2)
    const [a, b] = world.nodes
    const chat = await startChat(a, { id: 'u1' })
    await server.stop()
    // Long enough to be asked for several times.
    const faults = () => b.events.filter(event => event.event === 'fault' && event.during.startsWith('heeding'))
    await heeded(
      'the outage',
      () => new Promise<number>(resolve => setImmediate(() => resolve(faults().length))),
      count => count > 0,
      20_000,
    )
    await server.start()
    const revoke = async () => done(a, 'POST', '/tokens/revoke', { token: chat.token }).catch(() => undefined)
    await heeded('the revocation', revoke, answer => answer !== undefined, 20_000)
    await heeded(
      'the refusal',
      () => getPage(at(b, chat)),
      ({ status }) => status === 403,
      20_000,
    )
    assert.equal(faults().length, 1)
  })
})
