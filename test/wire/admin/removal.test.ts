/**
 * Bots and sites that are removed while the store fails half-way: they can be removed again, and what let people in
 * before lets nobody in after.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, assertAdminRefused, done } from '../../support/admin.ts'
import { startBot } from '../../support/bot.ts'
import { call } from '../../support/http.ts'
import { startFaulty } from '../direct-line-v3/faulty.ts'

/** A service with a bot `gone` that has two sites, and a store that fails once to put the settings of the name given. */
async function startFailing() {
  const bot = await startBot()
  let failing: string | undefined
  const failsNow = (name: string) => {
    if (failing === undefined || !name.startsWith(failing)) return false
    failing = undefined
    return true
  }
  const service = await startFaulty(bot.url, ({ store }) => {
    const put = store.putSetting.bind(store)
    const putIf = store.putSettingIf.bind(store)
    const gone = () => Promise.reject(new Error('the disk has gone'))
    store.putSetting = (name, value) => (failsNow(name) ? gone() : put(name, value))
    store.putSettingIf = (name, value, was) => (failsNow(name) ? gone() : putIf(name, value, was))
    return { store }
  })
  const post = async (path: string, json: object) => {
    const { status, text } = await ask(service, 'POST', path, json)
    assert.equal(status, 201, text)
  }
  const addBot = () => post('/bots', { id: 'gone', endpoint: bot.url })
  const addSite = () => post('/bots/gone/sites', { id: 'shop' })
  await addBot()
  await addSite()
  return {
    service,
    addBot,
    addSite,
    failOnce: (name: string) => {
      failing = name
    },
    hasFailed: () => failing === undefined,
    secretOf: async () => String((await done(service, 'POST', '/sites/gone.shop/secrets/1/reveal'))['secret']),
    enter: async (secret: string) =>
      (await call(`${service.base}/conversations`, { bearer: secret, method: 'POST' })).status,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]()
      await bot[Symbol.asyncDispose]()
    },
  }
}

for (const [failing, what] of [
  ['secrets of', 'its secrets'],
  ['bots of', 'the list of bots'],
] as const) {
  test(`a bot whose removal fails at ${what} can be removed again, and one of its id lets the old secret in no more`, async () => {
    await using there = await startFailing()
    const secret = await there.secretOf()
    assert.equal(await there.enter(secret), 201)
    there.failOnce(failing)
    assert.equal((await ask(there.service, 'DELETE', '/bots/gone')).status, 500)
    assert.ok(there.hasFailed())
    assert.equal((await ask(there.service, 'DELETE', '/bots/gone')).status, 204)
    assertAdminRefused(await ask(there.service, 'GET', '/bots/gone'), 404, 'UnknownBot')
    await there.addBot()
    await there.addSite()
    assert.equal(await there.enter(secret), 403)
    assert.equal(await there.enter(await there.secretOf()), 201)
  })

  test(`a site whose removal fails at ${what} can be removed again, and one of its id lets the old secret in no more`, async () => {
    await using there = await startFailing()
    const secret = await there.secretOf()
    there.failOnce(failing)
    assert.equal((await ask(there.service, 'DELETE', '/sites/gone.shop')).status, 500)
    assert.ok(there.hasFailed())
    assert.equal((await ask(there.service, 'DELETE', '/sites/gone.shop')).status, 204)
    await there.addSite()
    assert.equal(await there.enter(secret), 403)
    assert.equal(await there.enter(await there.secretOf()), 201)
  })
}
