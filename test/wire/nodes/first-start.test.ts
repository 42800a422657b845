/**
 * Nodes that are started at once on a store that nobody has used make one of everything, not one each.
 */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { done } from '../../support/admin.ts'
import { ada, publishedKeys } from '../../support/bot-tokens.ts'
import { startChat } from '../../support/direct-line.ts'
import { grounds } from './grounds.ts'
import { startNode, startNodes } from './nodes.ts'

for (const { name, open, skip } of grounds) {
  suite(`${name}: three nodes started at once`, { skip: skip ?? false }, () => {
    test('have one secret, one admin key, one signing key, and one of them says that they are new', async () => {
      await using ground = await open()
      await using world = await startNodes(ground, 3, { botSettings: { app: { id: ada.id, password: undefined } } })
      const { nodes } = world
      const all = async <Found>(look: (node: (typeof nodes)[number]) => Found | Promise<Found>) =>
        new Set(await Promise.all(nodes.map(look))).size
      assert.equal(await all(({ secret }) => secret), 1)
      assert.equal(await all(({ adminKey }) => adminKey), 1)
      assert.equal(nodes.filter(({ isNew }) => isNew).length, 1)
      assert.equal(await all(async node => JSON.stringify(await publishedKeys(node.origin))), 1)
      assert.equal(await all(async node => JSON.stringify((await done(node, 'GET', '/bots/bot/sites'))['items'])), 1)
      for (const node of nodes) await startChat(node, { id: 'u1' })
    })

    test('one with another master key does not start, and leaves the others alone', async () => {
      await using ground = await open()
      await using world = await startNodes(ground, 2)
      const other = Buffer.alloc(32, 8).toString('base64')
      await assert.rejects(startNode(ground, 'http://127.0.0.1:9', {}, 0, other), /another master key/)
      for (const node of world.nodes) await startChat(node, { id: 'u1' })
    })
  })
}
