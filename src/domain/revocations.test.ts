/**
 * What a revocation refuses, what it leaves alone, and how long it is remembered.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../adapters/memory/store.ts'
import { botId, newConversationId, siteId } from '../protocol/ids.ts'
import type { Clock } from './ports.ts'
import { type Lineage, Revocations } from './revocations.ts'

const startMs = 1_800_000_000_000
const tokenLifeMs = 1_860_000
const dayMs = 24 * 60 * 60 * 1000

/** A world with a clock of its own. */
function world() {
  let nowMs = startMs
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => 0, after: () => () => undefined }
  const store = new MemoryStore()
  const open = async (aheadMs = 0) => {
    const opened = new Revocations({ store, clock, tokenLifeMs, aheadMs })
    await opened.takeUp()
    return opened
  }
  const move = (ms: number) => {
    nowMs += ms
  }
  return { store, open, move, nowMs: () => nowMs }
}

const conversation = newConversationId('c1')
const site = { bot: botId('bot'), site: siteId('shop') }
const stem = { ...site, conversation, family: 'first', secret: 's1' }
const token = (changes: Partial<Lineage> = {}): Lineage => ({ ...stem, issuedMs: startMs, ...changes })

test('refuses nothing as long as nothing is revoked', async () => {
  assert.equal((await world().open()).refusal(token()), undefined)
})

test('refuses a family whenever its tokens were issued, and no other', async () => {
  const revocations = await world().open()
  await revocations.revoke({ what: 'family', family: 'first' })
  assert.equal(revocations.refusal(token()), 'revoked')
  assert.equal(revocations.refusal(token({ issuedMs: startMs + dayMs })), 'revoked')
  assert.equal(revocations.refusal(token({ family: 'second' })), undefined)
})

test('refuses what was issued for a conversation or a site until then, and nothing else', async () => {
  for (const revocable of [
    { what: 'conversation', conversation },
    { what: 'site', ...site },
  ] as const) {
    const revocations = await world().open()
    await revocations.revoke(revocable)
    assert.equal(revocations.refusal(token({ issuedMs: startMs })), 'revoked')
    assert.equal(revocations.refusal(token({ issuedMs: startMs + 1 })), undefined)
    assert.equal(
      revocations.refusal(token({ conversation: newConversationId('c2'), site: siteId('other') })),
      undefined,
    )
    assert.equal(revocations.refusal(token({ conversation: newConversationId('c2'), bot: botId('b2') })), undefined)
  }
})

test('dates what is issued later than every revocation of it, within the same millisecond and with the clock set back', async () => {
  const { open, move } = world()
  const revocations = await open()
  for (const backMs of [0, 0, 3_600_000, 0]) {
    const before = { ...stem, issuedMs: revocations.issue(stem) }
    move(-backMs)
    await revocations.revoke({ what: 'conversation', conversation })
    assert.equal(revocations.refusal(before), 'revoked')
    const after = { ...stem, issuedMs: revocations.issue(stem) }
    assert.equal(revocations.refusal(after), undefined)
  }
})

test('covers what was issued before the last start and has been shown since, though the clock has been set back', async () => {
  const { open, move } = world()
  const old = token({ issuedMs: (await open()).issue(stem) })
  move(-3_600_000)
  const revocations = await open()
  revocations.note(old.issuedMs)
  await revocations.revoke({ what: 'site', ...site })
  assert.equal(revocations.refusal(old), 'revoked')
})

test('refuses everything of a secret, and older tokens that do not tell theirs', async () => {
  const revocations = await world().open()
  await revocations.revoke({ what: 'secret', ...site, secret: 's1' })
  assert.equal(revocations.refusal(token({ issuedMs: startMs + dayMs })), 'revoked')
  assert.equal(revocations.refusal(token({ secret: undefined })), 'revoked')
  const untold = { ...stem, secret: undefined }
  assert.equal(revocations.refusal({ ...untold, issuedMs: revocations.issue(untold) }), undefined)
  assert.equal(revocations.refusal(token({ secret: 's2' })), undefined)
  assert.equal(revocations.refusal(token({ secret: undefined, site: siteId('other') })), undefined)
})

test('tells a conversation that is gone from one that is revoked', async () => {
  const revocations = await world().open()
  await revocations.revoke({ what: 'gone', conversation })
  assert.equal(revocations.refusal(token({ issuedMs: startMs + dayMs })), 'gone')
})

test('is in effect at once, before it is kept', async () => {
  const revocations = await world().open()
  const kept = revocations.revoke({ what: 'family', family: 'first' })
  assert.equal(revocations.refusal(token()), 'revoked')
  await kept
})

test('keeps over a restart all that was revoked at once', async () => {
  const { open } = world()
  const before = await open()
  const families = Array.from({ length: 20 }, (_, at) => `family${at}`)
  await Promise.all(families.map(family => before.revoke({ what: 'family', family })))
  const after = await open()
  for (const family of families) assert.equal(after.refusal(token({ family })), 'revoked', family)
})

test('forgets when no token can be valid any more, and not before', async () => {
  const { store, open, move } = world()
  const before = await open()
  await before.revoke({ what: 'family', family: 'first' })
  move(dayMs - 1)
  assert.equal((await open()).refusal(token()), 'revoked')
  move(1)
  const after = await open()
  assert.equal(after.refusal(token()), undefined)
  await after.revoke({ what: 'family', family: 'second' })
  assert.doesNotMatch((await store.setting('revocations')) ?? '', /first/)
})

test('refuses to revoke more than it can remember, and what it remembers stays revoked', async () => {
  const { store, open } = world()
  const kept = Array.from({ length: 5_000 }, (_, at) => ({
    key: `family ${at}`,
    untilMs: startMs,
    endsMs: startMs + dayMs,
  }))
  await store.putSetting('revocations', JSON.stringify(kept))
  const revocations = await open()
  await assert.rejects(revocations.revoke({ what: 'family', family: 'first' }), { failure: 'Unacceptable' })
  await revocations.revoke({ what: 'family', family: '7' })
  assert.equal(revocations.refusal(token({ family: '4999' })), 'revoked')
})

test('two nodes that revoke at once both have what either has revoked, and hear which conversations are gone', async () => {
  const { open } = world()
  const [one, other] = [await open(), await open()]
  await Promise.all([
    one.revoke({ what: 'family', family: 'first' }),
    other.revoke({ what: 'family', family: 'second' }),
    one.revoke({ what: 'gone', conversation }),
  ])
  assert.deepEqual(await one.takeUp(), [], 'what it has deleted itself is no news')
  assert.deepEqual(await other.takeUp(), [conversation])
  assert.deepEqual(await other.takeUp(), [])
  for (const node of [one, other, await open()]) {
    assert.equal(node.refusal(token({ conversation: newConversationId('c2') })), 'revoked')
    assert.equal(node.refusal(token({ conversation: newConversationId('c2'), family: 'second' })), 'revoked')
    assert.equal(node.refusal(token({ family: 'third' })), 'gone')
  }
})

test('a revocation covers what a node with another clock has issued, each time, and nothing issued once it is known', async () => {
  const { open } = world()
  const aheadMs = 60_000
  const [one, other] = [await open(aheadMs), await open(aheadMs)]
  for (let times = 0; times < 3; times += 1) {
    const ahead = token({ issuedMs: Math.max(other.issue(stem), startMs + aheadMs) })
    await one.revoke({ what: 'site', ...site })
    assert.equal(one.refusal(ahead), 'revoked')
    await other.takeUp()
    assert.equal(other.refusal(ahead), 'revoked')
    const later = token({ issuedMs: other.issue(stem) })
    for (const node of [one, other]) assert.equal(node.refusal(later), undefined)
  }
})
