/**
 * The schema, as the steps that lead to it. A released step is never edited: what is to be different comes as the
 * next one.
 */
import type { DatabaseSync } from 'node:sqlite'
import { firstValue } from './connection.ts'

/**
 * Step n leads from schema version n-1 to n. Conversations have a number inside, never used twice, so that a reader
 * between two queries can't meet another conversation under it. Entries stand in the order of their arrival with
 * an index over them: kept in order of conversation, appends would touch a page each. Columns of type ANY hold
 * text from people, which may not be well-formed (see `text.ts`).
 */
const steps: readonly (readonly string[])[] = [
  [
    `CREATE TABLE conversations (
      number INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      bot TEXT NOT NULL,
      site TEXT NOT NULL,
      locale ANY,
      last INTEGER NOT NULL DEFAULT 0,
      last_timestamp_ms INTEGER NOT NULL DEFAULT 0,
      characters INTEGER NOT NULL DEFAULT 0,
      seen_ms INTEGER NOT NULL,
      bot_announced INTEGER NOT NULL DEFAULT 0,
      hash BLOB NOT NULL DEFAULT (zeroblob(32))
    ) STRICT`,
    'CREATE INDEX conversations_of_bot ON conversations (bot, id)',
    'CREATE INDEX conversations_by_use ON conversations (seen_ms)',
    // `target`: the first version's position, on later versions. `state`: 0 shown, 1 gave way, 2 erased.
    `CREATE TABLE entries (
      conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
      position INTEGER NOT NULL,
      target INTEGER,
      timestamp_ms INTEGER NOT NULL,
      state INTEGER NOT NULL DEFAULT 0,
      audience ANY,
      hash BLOB NOT NULL,
      text TEXT
    ) STRICT`,
    'CREATE UNIQUE INDEX entries_in_order ON entries (conversation, position)',
    'CREATE INDEX entries_of_target ON entries (conversation, target) WHERE target IS NOT NULL',
    `CREATE TABLE keys (
      conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
      key ANY NOT NULL,
      position INTEGER NOT NULL,
      PRIMARY KEY (conversation, key)
    ) STRICT, WITHOUT ROWID`,
    // Beside the entries and not in them: changing a row would write its whole text once more.
    `CREATE TABLE settled (
      conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
      position INTEGER NOT NULL,
      PRIMARY KEY (conversation, position)
    ) STRICT, WITHOUT ROWID`,
    // `number` keeps the order in which people joined.
    `CREATE TABLE members (
      number INTEGER PRIMARY KEY,
      conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
      id ANY NOT NULL,
      name ANY,
      announced INTEGER NOT NULL DEFAULT 0,
      UNIQUE (conversation, id)
    ) STRICT`,
    'CREATE TABLE settings (name ANY NOT NULL PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID',
  ],
  [
    // Data of bots. `user` is empty in a conversation's, else behind a `=`, `conversation` absent in a user's in all conversations.
    `CREATE TABLE bags (
      bot TEXT NOT NULL,
      user ANY NOT NULL,
      conversation INTEGER REFERENCES conversations ON DELETE CASCADE,
      data TEXT NOT NULL,
      etag TEXT NOT NULL
    ) STRICT`,
    'CREATE UNIQUE INDEX bags_by_key ON bags (bot, user, ifnull(conversation, 0))',
    'CREATE INDEX bags_of_conversation ON bags (conversation) WHERE conversation IS NOT NULL',
  ],
  [
    // What came of bots' calls. `first` and `last`: the least and greatest position a turn is about; absent for what is in
    // no log. Its own number keeps the order of arrival, so that the oldest are found without an index over the time.
    `CREATE TABLE turns (
      number INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
      first INTEGER,
      last INTEGER,
      started_ms INTEGER NOT NULL,
      text TEXT NOT NULL,
      exchange TEXT
    ) STRICT`,
    'CREATE INDEX turns_of_conversation ON turns (conversation, first)',
  ],
  [
    // Absent in conversations from before. There is no index by newest activity: every append would have to move an entry
    // of it, while looking through a hundred thousand conversations takes a hundredth of a second.
    'ALTER TABLE conversations ADD COLUMN started_ms INTEGER',
    // Only turns that failed are in it, and only turns that have ended are kept: see `isFailed`.
    `CREATE INDEX turns_that_failed ON turns (conversation) WHERE instr(text, '"outcome":"ok"') = 0`,
  ],
]

/** The schema this program works with. */
export const schemaVersion = steps.length

/**
 * Brings a database to the schema of this program, each step in a transaction of its own: a step that was cut off
 * has not happened.
 *
 * @param ran called after each statement
 * @throws Error if a newer program has been here
 */
export function migrate(database: DatabaseSync, ran?: () => void): void {
  const found = Number(firstValue(database, 'PRAGMA user_version'))
  if (found > schemaVersion) {
    throw new Error(
      `The database has schema version ${found} and this Landline knows ${schemaVersion}: a newer Landline has used it. Start that one.`,
    )
  }
  for (const [at, statements] of steps.entries()) {
    if (at < found) continue
    for (const statement of ['BEGIN IMMEDIATE', ...statements, `PRAGMA user_version = ${at + 1}`, 'COMMIT']) {
      database.exec(statement)
      ran?.()
    }
  }
}
