/**
 * The schema, as the steps that lead to it, and how they are taken by one of any number of services that start at once.
 * A released step is never edited: what is to be different comes as the next one.
 */
import type { Client } from 'pg'
import { appendFunction } from './append-function.ts'
import { connect } from './connections.ts'
import { forgetFunction, joinFunction, putSettingFunction, startFunction } from './functions.ts'

/**
 * A step.
 *
 * - `statements` lead from the schema before to this one.
 * - `isBreaking`: programs that know only the schema before can't go on beside it. Others can, so that nodes may be
 *   brought up to date one after another.
 */
type Step = { readonly statements: readonly string[]; readonly isBreaking: boolean }

/**
 * Everything of a conversation has its id as the beginning of its key, so that tables can be divided by it. There are no
 * foreign keys, whose checks would cost as much as the writing of an entry: whoever adds to a conversation holds its row,
 * and whoever forgets it holds it alone.
 */
const steps: readonly Step[] = [
  {
    isBreaking: true,
    statements: [
      // `number` only puts conversations of one moment in an order. `send`: see `changes.ts`. Room is left in pages for the
      // new versions of rows that every append makes.
      `CREATE TABLE landline.conversations (
        id text COLLATE "C" PRIMARY KEY,
        number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        bot text COLLATE "C" NOT NULL,
        site text NOT NULL,
        locale text,
        last integer NOT NULL DEFAULT 0,
        last_timestamp_ms bigint NOT NULL DEFAULT 0,
        characters bigint NOT NULL DEFAULT 0,
        seen_ms bigint NOT NULL,
        started_ms bigint NOT NULL,
        bot_announced boolean NOT NULL DEFAULT false,
        hash bytea NOT NULL DEFAULT decode(repeat('00', 32), 'hex'),
        send text COLLATE "C" NOT NULL
      ) WITH (fillfactor = 70)`,
      'CREATE INDEX conversations_of_bot ON landline.conversations (bot, id)',
      'CREATE INDEX conversations_by_use ON landline.conversations (seen_ms)',
      // `target`: the first version's position, on later versions. `state`: 0 shown, 1 gave way, 2 erased. `rest`: the
      // activity's text without its opening brace, id and timestamp, which follow from the other columns. `turn_until`:
      // until when somebody is in a turn on it, which is the send that wrote it or, in its place, `turn_send`.
      `CREATE TABLE landline.entries (
        conversation text COLLATE "C" NOT NULL,
        position integer NOT NULL,
        target integer,
        timestamp_ms bigint NOT NULL,
        state smallint NOT NULL DEFAULT 0,
        audience text,
        key text COLLATE "C" NOT NULL,
        send text COLLATE "C",
        hash bytea NOT NULL,
        turn_send text COLLATE "C",
        turn_until timestamptz,
        rest text,
        PRIMARY KEY (conversation, position)
      )`,
      'CREATE UNIQUE INDEX entries_by_key ON landline.entries (conversation, key)',
      'CREATE INDEX entries_of_target ON landline.entries (conversation, target) WHERE target IS NOT NULL',
      // Beside the entries and not in them: changing a row would write its whole text once more.
      `CREATE TABLE landline.settled (
        conversation text COLLATE "C" NOT NULL,
        position integer NOT NULL,
        PRIMARY KEY (conversation, position)
      )`,
      // `number` keeps the order in which people joined.
      `CREATE TABLE landline.members (
        conversation text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        name text,
        announced boolean NOT NULL DEFAULT false,
        send text COLLATE "C" NOT NULL,
        PRIMARY KEY (conversation, id)
      )`,
      // Data of bots. `holder` is empty in a conversation's, `conversation` in a user's in all conversations.
      `CREATE TABLE landline.bags (
        conversation text COLLATE "C" NOT NULL,
        bot text COLLATE "C" NOT NULL,
        holder text COLLATE "C" NOT NULL,
        data text NOT NULL,
        etag text NOT NULL,
        PRIMARY KEY (conversation, bot, holder)
      )`,
      'CREATE INDEX bags_of_user ON landline.bags (bot, holder)',
      // What came of bots' calls. `first` and `last`: the least and greatest position a turn is about; absent for what is
      // in no log. `number` keeps the order in which they were first put.
      `CREATE TABLE landline.turns (
        conversation text COLLATE "C" NOT NULL,
        id text COLLATE "C" NOT NULL,
        number bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
        first integer,
        last integer,
        started_ms bigint NOT NULL,
        text text NOT NULL,
        exchange text,
        PRIMARY KEY (conversation, id)
      )`,
      'CREATE INDEX turns_by_id ON landline.turns (id)',
      'CREATE INDEX turns_in_order ON landline.turns (number)',
      'CREATE INDEX turns_of_conversation ON landline.turns (conversation, first)',
      // Only turns that failed are in it.
      `CREATE INDEX turns_that_failed ON landline.turns (conversation) WHERE strpos(text, '"outcome":"ok"') = 0`,
      // `version`: of all settings, when this one was put. It is counted in a row, under whose lock settings are put one
      // after another: from a sequence, a put that commits late could hide behind a higher version.
      `CREATE TABLE landline.settings (
        name text COLLATE "C" PRIMARY KEY,
        value text NOT NULL,
        version bigint NOT NULL,
        send text COLLATE "C"
      )`,
      'CREATE TABLE landline.settings_version (version bigint NOT NULL)',
      'INSERT INTO landline.settings_version VALUES (0)',
      appendFunction,
      startFunction,
      joinFunction,
      forgetFunction,
      putSettingFunction,
    ],
  },
  {
    isBreaking: false,
    statements: [
      // Until when all that a caller has taken of a rate is free again. Of the moment: a server that crashes forgets it.
      `CREATE UNLOGGED TABLE landline.rates (
        rate text COLLATE "C" NOT NULL,
        caller text COLLATE "C" NOT NULL,
        free_at timestamptz NOT NULL,
        PRIMARY KEY (rate, caller)
      )`,
    ],
  },
]

/** The schema this program works with. */
export const schemaVersion = steps.length

/** Held by whoever migrates: the first eight letters of the name, as a number. */
const lockNumber = '7809635916279279205'

/** What `migrate` has done: the version there was, and the one there is. */
export type Versions = { readonly from: number; readonly to: number }

/**
 * Brings a database to the schema of this program. Of any number of callers at once one does it and the others wait.
 * Each step is a transaction of its own: one that was cut off has not happened.
 *
 * @param done hears of each step, and how many there are
 * @throws Error if the database can't be reached or changed, or if a newer program has been here that this one can't
 *   go on beside
 */
export async function migrate(url: string, done?: (count: number, total: number) => void): Promise<Versions> {
  const client = await connect(url)
  try {
    await client.query('SELECT pg_advisory_lock($1::bigint)', [lockNumber])
    await prepare(client)
    const { rows } = await client.query<{ version: number; needed: number }>(
      'SELECT coalesce(max(version), 0) AS version, coalesce(max(version) FILTER (WHERE is_breaking), 0) AS needed FROM landline.steps',
    )
    const { version: from, needed } = rows[0] ?? { version: 0, needed: 0 }
    if (needed > schemaVersion) {
      throw new Error(
        `The database has schema version ${from} and this Landline knows ${schemaVersion}: a newer Landline has used it. Start that one.`,
      )
    }
    for (const [at, step] of steps.entries()) {
      if (at < from) continue
      await take(client, step, at + 1)
      done?.(at + 1 - from, schemaVersion - from)
    }
    return { from, to: Math.max(from, schemaVersion) }
  } finally {
    await client.end()
  }
}

/** Asks first: who may not make a schema may still use the one that was made for them. */
async function prepare(client: Client): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>("SELECT to_regclass('landline.steps') IS NOT NULL AS there")
  if (rows[0]?.there === true) return
  const schemas = await client.query("SELECT 1 FROM pg_namespace WHERE nspname = 'landline'")
  if (schemas.rows.length === 0) await client.query('CREATE SCHEMA landline')
  await client.query(`CREATE TABLE landline.steps
    (version integer PRIMARY KEY, is_breaking boolean NOT NULL, taken_at timestamptz NOT NULL DEFAULT now())`)
}

async function take(client: Client, { statements, isBreaking }: Step, version: number): Promise<void> {
  await client.query('BEGIN')
  for (const statement of statements) await client.query(statement)
  await client.query('INSERT INTO landline.steps (version, is_breaking) VALUES ($1, $2)', [version, isBreaking])
  await client.query('COMMIT')
}
