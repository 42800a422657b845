/**
 * Random histories of the log, each answer compared with a model's. `LANDLINE_HISTORIES` says how many,
 * `LANDLINE_SEED` repeats a run: a failure prints the seed and the shortest history that fails.
 */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import { openSqliteStore } from '../../src/adapters/sqlite/store.ts'
import type { ConversationStore } from '../../src/domain/ports.ts'
import { type UserId, userId } from '../../src/protocol/ids.ts'
import { beginning, position } from '../../src/protocol/watermark.ts'
import {
  bot,
  conversationId,
  dayMs,
  everything,
  hourMs,
  message,
  messageAppend,
  minuteMs,
  noonMs,
  otherBot,
  site,
  suggestion,
} from '../contract/log-samples.ts'
import { Model, ModelLog } from './log-model.ts'

const histories = Number(process.env['LANDLINE_HISTORIES'] ?? 400)
const seed = process.env['LANDLINE_SEED']

/** A store takes a moment to open on disk, so it gets a part of the histories. */
const sqliteShare = 10

const ids = ['a', 'b', 'c'].map(conversationId)
const people = ['ann', 'bob', 'lone \ud800'].map(userId)

const conversation = fc.constantFrom(...ids)
const ofBot = fc.constantFrom(bot, bot, bot, bot, otherBot)
const person = fc.constantFrom(...people)
const place = fc.integer({ min: 0, max: 12 })
const key = fc.constantFrom(undefined, undefined, 'k1', 'k2', 'k3', 'lone \ud801')
const kind = <K extends string>(name: K) => fc.constant(name)

const append = fc.record({
  kind: kind('append'),
  conversation,
  ofBot,
  key,
  text: fc.string({ unit: 'binary', maxLength: 20 }),
  audience: fc.option(person, { nil: undefined, freq: 4 }),
})
const change = fc.oneof(
  { weight: 8, arbitrary: append },
  {
    weight: 4,
    arbitrary: fc.record({ kind: kind('replace'), conversation, ofBot, key, target: place, erase: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind('settle'), conversation, place }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('start'), conversation, ofBot, person: fc.option(person) }) },
  { weight: 2, arbitrary: fc.record({ kind: kind('join'), conversation, ofBot, person }) },
  { weight: 1, arbitrary: fc.record({ kind: kind('leave'), conversation, person }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: kind('announced'),
      conversation,
      people: fc.array(fc.option(person, { nil: undefined }), { maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('touch'), conversation }) },
)
const rarely = fc.oneof(
  fc.record({ kind: kind('forget'), conversation }),
  fc.record({ kind: kind('forgetUnused'), day: fc.integer({ min: 0, max: 5 }) }),
)
const step = fc.oneof(
  // Changes asked for at once, with nothing awaited in between.
  {
    weight: 10,
    arbitrary: fc.record({
      kind: kind('changes'),
      changes: fc.array(fc.oneof({ weight: 30, arbitrary: change }, { weight: 1, arbitrary: rarely }), {
        maxLength: 8,
      }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: kind('read'),
      conversation,
      after: place,
      entries: fc.integer({ min: 1, max: 5 }),
      characters: fc.integer({ min: 1, max: 2_000 }),
    }),
  },
  // Moments, minutes back and days forth: the sums stay far from the half days that `forgetUnused` asks about.
  {
    weight: 3,
    arbitrary: fc.record({ kind: kind('clock'), byMs: fc.constantFrom(0, 1, 2, 1_000, -1, -10 * minuteMs, dayMs) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: kind('reopen') }) },
)
const history = fc.array(step, { minLength: 5, maxLength: 30, size: 'max' })

type Change =
  typeof change extends fc.Arbitrary<infer C> ? C | (typeof rarely extends fc.Arbitrary<infer R> ? R : never) : never
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never

/** Makes one change to the model, and answers what a store must answer. */
function changeModel(model: Model, it: Change, nowMs: number): unknown {
  if (it.kind === 'forgetUnused') {
    const unused = [...model.values()].filter(log => log.seenMs < halfDay(it.day)).map(log => log.head.id)
    for (const id of unused) model.delete(id)
    return new Set(unused)
  }
  const log = model.get(it.conversation)
  switch (it.kind) {
    case 'start': {
      const head = { id: it.conversation, bot: it.ofBot, site, locale: undefined }
      if (log === undefined) model.set(it.conversation, new ModelLog(head, nowMs))
      const own = model.of(it.ofBot, it.conversation)
      if (own !== undefined) own.seenMs = Math.max(own.seenMs, nowMs)
      if (it.person !== null) addMember(own, it.person)
      return { started: log === undefined }
    }
    case 'append':
    case 'replace':
      return model.of(it.ofBot, it.conversation)?.append(requestFor(it, nowMs)) ?? { outcome: 'unknown' }
    case 'settle':
      if (it.place <= (log?.log.length ?? 0)) log?.settled.add(it.place)
      return undefined
    case 'join':
      return addMember(model.of(it.ofBot, it.conversation), it.person)
    case 'leave':
      if (log !== undefined) log.members = log.members.filter(member => member.id !== it.person)
      return undefined
    case 'announced':
      for (const member of log?.members ?? []) member.told ||= it.people.includes(member.id)
      if (log !== undefined) log.botTold ||= it.people.includes(undefined)
      return undefined
    case 'touch':
      if (log !== undefined) log.seenMs = Math.max(log.seenMs, nowMs)
      return undefined
    case 'forget':
      model.delete(it.conversation)
      return undefined
    default:
      return it satisfies never
  }
}

function addMember(log: ModelLog | undefined, id: UserId): 'joined' | 'already' | 'unknown' {
  if (log === undefined) return 'unknown'
  if (log.members.some(member => member.id === id)) return 'already'
  log.members.push({ id, told: false })
  return 'joined'
}

const halfDay = (day: number): number => noonMs + day * dayMs + 12 * hourMs

function requestFor(it: Extract<Change, { kind: 'append' | 'replace' }>, atMs: number) {
  const more = { key: it.key, atMs, bot: it.ofBot }
  if (it.kind === 'replace') {
    return { ...messageAppend(it.conversation, 'replaced', more), target: position(it.target), erase: it.erase }
  }
  const activity =
    it.audience === undefined ? message(it.conversation, it.text) : suggestion(it.conversation, it.audience, it.text)
  return { ...messageAppend(it.conversation, '', more), activity }
}

/** Asks the store for the same change. */
async function changeStore(store: ConversationStore, it: Change, nowMs: number): Promise<unknown> {
  switch (it.kind) {
    case 'start': {
      const head = { id: it.conversation, bot: it.ofBot, site, locale: undefined }
      return store.start(head, it.person === null ? undefined : { id: it.person, name: undefined }, nowMs)
    }
    case 'append':
      return store.append(requestFor(it, nowMs))
    case 'replace':
      return store.replace({ target: position(it.target), erase: it.erase, ...requestFor(it, nowMs) })
    case 'settle':
      return store.settle(it.conversation, position(it.place))
    case 'join':
      return store.join(it.conversation, it.ofBot, { id: it.person, name: undefined })
    case 'leave':
      return store.leave(it.conversation, it.person)
    case 'announced':
      return store.announced(it.conversation, it.people)
    case 'touch':
      return store.touch(it.conversation, nowMs)
    case 'forget':
      return store.forget(it.conversation)
    case 'forgetUnused':
      return new Set(await store.forgetUnused(halfDay(it.day), ids.length))
    default:
      return it satisfies never
  }
}

/** Everything a store can be asked about a conversation must be as in the model. */
async function compare(store: ConversationStore, model: Model): Promise<void> {
  for (const id of ids) {
    const log = model.get(id)
    const { seenMs = 0, ...found } = (await store.find(id)) ?? {}
    const head = log && { ...log.head, last: log.log.length, lastTimestampMs: log.lastTimestampMs }
    assert.deepEqual(found, head ?? {})
    assert.ok(Math.abs(seenMs - (log?.seenMs ?? 0)) < hourMs)
    assert.deepEqual((await store.read(id, beginning, everything)).entries, log?.shown ?? [])
    const members = log?.members ?? []
    assert.deepEqual(
      (await store.members(id)).map(member => member.id),
      members.map(member => member.id),
    )
    const untold = members.filter(member => !member.told).map(member => member.id)
    assert.deepEqual(await store.unannounced(id), log === undefined || log.botTold ? untold : [undefined, ...untold])
    for (let at = 0; at <= (log?.log.length ?? 0) + 1; at += 1) {
      assert.deepEqual(await store.entryAt(id, position(at)), log?.entryAt(at), `entryAt ${at}`)
    }
  }
  const listed = await store.list(bot, undefined, ids.length)
  assert.deepEqual(
    listed.map(one => one.id),
    ids.filter(id => model.of(bot, id) !== undefined),
  )
}

/** Lives one history. `reopen` closes a store and opens it again, where that means anything. */
async function live(
  steps: readonly Step[],
  first: ConversationStore,
  reopen: (store: ConversationStore) => Promise<ConversationStore>,
): Promise<void> {
  let store = first
  try {
    const model = new Model()
    let nowMs = noonMs
    for (const id of ids.slice(0, 2)) {
      const start = { kind: 'start', conversation: id, ofBot: bot, person: null } as const
      assert.deepEqual(await changeStore(store, start, nowMs), changeModel(model, start, nowMs))
    }
    for (const one of steps) {
      if (one.kind === 'clock') nowMs += one.byMs
      else if (one.kind === 'reopen') store = await reopen(store)
      else if (one.kind === 'read') {
        const page = await store.read(one.conversation, position(one.after), one)
        assert.deepEqual(
          page,
          model.get(one.conversation)?.read(one.after, one) ?? { entries: [], end: 0, more: false },
        )
      } else {
        const answers = one.changes.map(it => changeStore(store, it, nowMs))
        const expected = one.changes.map(it => changeModel(model, it, nowMs))
        assert.deepEqual(await Promise.all(answers), expected)
      }
    }
    await compare(store, model)
  } finally {
    await store[Symbol.asyncDispose]()
  }
}

const parameters = (numRuns: number) => ({ numRuns, ...(seed === undefined ? {} : { seed: Number(seed) }) })

test(`memory: ${histories} random histories go as the model says`, { timeout: 60_000 + histories * 100 }, async () => {
  await fc.assert(
    fc.asyncProperty(history, async steps => live(steps, new MemoryStore(), async store => store)),
    parameters(histories),
  )
})

const onDisk = Math.ceil(histories / sqliteShare)

test(`SQLite: ${onDisk} random histories go as the model says`, { timeout: 60_000 + onDisk * 2_000 }, async t => {
  const root = await mkdtemp(join(tmpdir(), 'landline-'))
  t.after(() => rm(root, { recursive: true }))
  await fc.assert(
    fc.asyncProperty(history, async steps => {
      const dir = await mkdtemp(join(root, 'store-'))
      await live(steps, await openSqliteStore({ dir }), async store => {
        await store[Symbol.asyncDispose]()
        return openSqliteStore({ dir })
      })
    }),
    parameters(onDisk),
  )
})
