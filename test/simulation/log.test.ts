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
import type { UserId } from '../../src/protocol/ids.ts'
import { beginning, position } from '../../src/protocol/watermark.ts'
import {
  bot,
  dayMs,
  everything,
  hourMs,
  message,
  messageAppend,
  noonMs,
  site,
  suggestion,
} from '../contract/log-samples.ts'
import { seedOf } from '../support/seed.ts'
import { type Change, history, ids, type Step } from './log-history.ts'
import { Model, ModelLog } from './log-model.ts'

const histories = Number(process.env['LANDLINE_HISTORIES'] ?? 400)
const seed = seedOf()

/** A store takes a moment to open on disk, so it gets a part of the histories. */
const sqliteShare = 10

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

/** Looking for the shortest history that fails ends in time to be told of. */
const parameters = (numRuns: number, timeLimitMs: number) => ({
  numRuns,
  interruptAfterTimeLimit: timeLimitMs,
  markInterruptAsFailure: true,
  seed,
})

const memoryTimeoutMs = 30_000 + histories * 50

test(`memory: ${histories} random histories go as the model says`, { timeout: 2 * memoryTimeoutMs }, async t => {
  t.diagnostic(`LANDLINE_SEED=${seed}`)
  await fc.assert(
    fc.asyncProperty(history, async steps => live(steps, new MemoryStore(), async store => store)),
    parameters(histories, memoryTimeoutMs),
  )
})

const onDisk = Math.ceil(histories / sqliteShare)
const onDiskTimeoutMs = 30_000 + onDisk * 1_000

test(`SQLite: ${onDisk} random histories go as the model says`, { timeout: 2 * onDiskTimeoutMs }, async t => {
  t.diagnostic(`LANDLINE_SEED=${seed}`)
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
    parameters(onDisk, onDiskTimeoutMs),
  )
})
