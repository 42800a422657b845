/**
 * docs/reference/admin.openapi.json is the admin API: the operations that are mounted, and the shapes they answer.
 */
import assert from 'node:assert/strict'
import { channel } from 'node:diagnostics_channel'
import { readFileSync } from 'node:fs'
import { after, test } from 'node:test'
import type { FastifyInstance } from 'fastify'
import { ask } from '../../support/admin.ts'
import { startApp } from '../../support/app.ts'
import { faults, type Schema } from '../../support/schema.ts'

type Operation = {
  readonly operationId: string
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>>
}

const url = new URL('../../../docs/reference/admin.openapi.json', import.meta.url)
const text = readFileSync(url, 'utf8')
const document = JSON.parse(text) as { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> }
const page = readFileSync(new URL('../../../docs/reference/admin-api.md', import.meta.url), 'utf8')

const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
)

/** What the service mounts, told by the framework itself. HEAD is nothing of its own: it is there wherever GET is. */
const mounted: string[] = []
channel('fastify.initialization').subscribe(message => {
  const { fastify } = message as { fastify: FastifyInstance }
  fastify.addHook('onRoute', ({ method, url: path }) => {
    if (method !== 'HEAD') mounted.push(`${String(method)} ${path}`)
  })
})
const app = await startApp()
after(() => app[Symbol.asyncDispose]())

/** Names of parameters may differ. */
const bare = (route: string) => route.replace(/\{\w+\}|:\w+/g, '{}')

test('the document has the operations that are mounted, and no others', () => {
  const ours = mounted.filter(route => route.includes(' /admin/')).map(route => route.replace(' /admin/v1', ' '))
  assert.deepEqual(operations.map(({ method, path }) => bare(`${method} ${path}`)).sort(), ours.map(bare).sort())
})

test('the reference page has them too', () => {
  const rows = [...page.matchAll(/^\| `([A-Z]+ \/[^`?]*)/gm)].map(([, route = '']) => bare(route))
  assert.deepEqual(rows.sort(), operations.map(({ method, path }) => bare(`${method} ${path}`)).sort())
})

test('operations go by names of their own, every parameter of a path is told, and every reference leads somewhere', () => {
  assert.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length)
  for (const { path, operation } of operations) {
    const told = (operation.parameters ?? []).filter(parameter => parameter.in === 'path').map(({ name }) => name)
    assert.deepEqual(
      told,
      [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    )
  }
  for (const [, ref = ''] of text.matchAll(/"\$ref": "([^"]+)"/g)) assert.notEqual(resolve(ref), undefined, ref)
})

/** The schema of what an operation answers with a status. */
const schemaOf = (method: string, path: string, status: number): Schema => {
  const answer = document.paths[path]?.[method.toLowerCase()]?.responses[status]
  return answer?.content?.['application/json']?.schema ?? assert.fail(`${method} ${path} has no ${status}`)
}

function resolve(ref: string): Schema {
  let found: unknown = document
  for (const name of ref.slice(2).split('/')) found = (found as Record<string, unknown>)[name]
  return found as Schema
}

test('what is answered is as the document says', async () => {
  const asked: readonly (readonly [string, string, string, unknown?])[] = [
    ['GET', '/about', '/about'],
    ['GET', '/settings', '/settings'],
    [
      'POST',
      '/bots',
      '/bots',
      { id: 'one', endpoint: 'http://127.0.0.1:9/api/messages', appId: 'app', tenantId: 'ours' },
    ],
    ['PATCH', '/bots/{bot}', '/bots/one', { serviceUrl: 'http://host.docker.internal:3977' }],
    ['GET', '/bots', '/bots?limit=1'],
    ['GET', '/bots/{bot}', '/bots/one'],
    ['POST', '/bots/{bot}/check', '/bots/one/check', { send: true }],
    ['POST', '/bots/{bot}/sites', '/bots/one/sites', { id: 'web', trustedOrigins: ['https://page.example'] }],
    ['GET', '/bots/{bot}/sites', '/bots/one/sites'],
    ['PATCH', '/sites/{site}', '/sites/web', { uploads: false }],
    ['POST', '/sites/{site}/secrets/{number}/reveal', '/sites/web/secrets/1/reveal'],
    ['POST', '/sites/{site}/secrets/{number}/regenerate', '/sites/web/secrets/2/regenerate'],
    ['POST', '/sites/{site}/secrets/{number}/revoke', '/sites/web/secrets/2/revoke'],
    ['POST', '/sites/{site}/tokens', '/sites/web/tokens', { user: 'dl_uma' }],
    ['POST', '/sites/{site}/revoke', '/sites/web/revoke'],
  ]
  const { conversationId } = (await ask(app, 'POST', '/conversations', { bot: 'bot', user: 'dl_uma' })).body
  const own = `/conversations/${conversationId}`
  const activity = { type: 'message', text: 'hello' }
  const { turn } = (await ask(app, 'POST', `${own}/send`, { activity })).body
  const talked: typeof asked = [
    ['POST', '/conversations', '/conversations', { bot: 'one' }],
    ['GET', '/conversations', '/conversations?q=hello'],
    ['GET', '/conversations/{conversation}', own],
    ['GET', '/conversations/{conversation}/records', `${own}/records`],
    ['GET', '/conversations/{conversation}/turns/{turn}', `${own}/turns/${String(turn)}`],
    ['POST', '/conversations/{conversation}/send', `${own}/send`, { activity, as: 'channel' }],
    ['POST', '/conversations/{conversation}/records/{seq}/again', `${own}/records/1/again`],
    ['POST', '/conversations/{conversation}/restart', `${own}/restart`, { user: 'new' }],
    ['POST', '/conversations/{conversation}/revoke', `${own}/revoke`],
    ['GET', '/series', '/series?seconds=2'],
    ['GET', '/problems', '/problems'],
  ]
  for (const [method, path, actual, json] of [...asked, ...talked]) {
    const { status, text: body } = await ask(app, method, actual, json)
    assert.ok(status < 300, body)
    const found = faults(JSON.parse(body), schemaOf(method, path, status), resolve)
    assert.deepEqual(found, [], `${method} ${actual}: ${body}`)
  }
})
