/**
 * Connections to PostgreSQL: set so that what is acknowledged survives, given up when they do not answer, and made anew.
 */
import { Client, type ClientBase, DatabaseError, Pool, type PoolConfig, types } from 'pg'
import { ProtocolError } from '../../protocol/errors.ts'

/** How long opening a connection, and one statement, may take before the connection is given up: milliseconds. */
const connectMs = 3_000
const statementMs = 5_000

/** When the server ends a statement whose asker has long given up, so that it holds no locks for good: milliseconds. */
const serverStatementMs = 20_000

/** How long a connection that nobody uses is kept: milliseconds. */
const idleMs = 60_000

/** How long a read that fails because the server is away is tried again, and how soon: milliseconds. */
export const readPatienceMs = 4_000
const retryMinMs = 20
const retryMaxMs = 500

/** The oldest server this is made for. Older ones are no longer kept up by their makers. */
const oldestServer = 140_000

/** A statement. One with a name is prepared once for each connection. */
export type Statement = { readonly name?: string; readonly text: string }

/** A bounded number of connections to one database. */
export class Connections {
  readonly #pool: Pool

  /** @param max how many there are at most; they are opened as they are needed */
  constructor(url: string, max: number) {
    this.#pool = new Pool({
      ...configOf(url),
      max,
      connectionTimeoutMillis: connectMs,
      query_timeout: statementMs,
      idleTimeoutMillis: idleMs,
      onConnect: settle,
    })
    // An idle connection has broken. The pool has dropped it already; who asks next gets another.
    this.#pool.on('error', () => undefined)
  }

  /**
   * Runs one statement in a transaction of its own, and answers its rows as arrays. When it rejects, `isOutage` tells
   * whether the statement may have been done.
   */
  async query<Row extends readonly unknown[]>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    const result = await this.#pool.query({ ...statement, values: values as unknown[], rowMode: 'array' })
    return result.rows as unknown as readonly Row[]
  }

  /** Reads: as `query`, tried again while the server is away. @throws ProtocolError `Unavailable` */
  async read<Row extends readonly unknown[]>(
    statement: Statement,
    values: readonly unknown[],
  ): Promise<readonly Row[]> {
    const untilMs = performance.now() + readPatienceMs
    for (let tried = 0; ; tried += 1) {
      try {
        return await this.query<Row>(statement, values)
      } catch (error) {
        if (!isOutage(error) || performance.now() >= untilMs) {
          throw new ProtocolError('Unavailable', 'The service cannot read this now.', { cause: error })
        }
        await pause(tried)
      }
    }
  }

  /** Ends the connections, after what is under way. */
  close(): Promise<void> {
    return this.#pool.end()
  }
}

/**
 * Opens a single connection for what takes its time, such as a migration. To be ended by the caller.
 *
 * @throws Error if there is no server, or one that can't be used
 */
export async function connect(url: string): Promise<Client> {
  const client = new Client({ ...configOf(url), connectionTimeoutMillis: connectMs })
  client.on('error', () => undefined) // Whoever awaits a query hears of it.
  await client.connect()
  try {
    await check(client)
    return client
  } catch (error) {
    await client.end()
    throw error
  }
}

/** Waits a moment before something is tried again, the longer the oftener it was. */
export const pause = (tried: number): Promise<void> =>
  new Promise(resolve => setTimeout(resolve, Math.min(retryMinMs * 2 ** tried, retryMaxMs)))

/**
 * Whether something failed because the server, or the way to it, was away: it may have been done or not, and may be
 * tried again. Otherwise the server has refused it.
 */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof DatabaseError) || error.code === undefined) return true
  return outages.some(code => error.code?.startsWith(code))
}

/**
 * 08 connection, 57P shutdown and crash, 57014 a statement that took too long, 53300 too many connections, 25006 this
 * one has become a standby, 40 transactions that got into each other's way, 55P03 a lock that was not to be had.
 */
const outages = ['08', '57P', '57014', '53300', '25006', '40', '55P03']

const int8 = 20

/** Positions, times and counts: all far below what a number holds exactly. */
const configOf = (url: string): PoolConfig => ({
  connectionString: url,
  application_name: 'landline',
  keepAlive: true,
  types: {
    getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
      oid === int8 ? Number : types.getTypeParser(oid, format as 'text')) as typeof types.getTypeParser,
  },
})

async function settle(client: ClientBase): Promise<void> {
  await check(client)
  await client.query(`SELECT set_config('statement_timeout', '${serverStatementMs}', false), CASE
    WHEN current_setting('synchronous_commit') = 'off' THEN set_config('synchronous_commit', 'on', false) END`)
}

/** After a failover the address may for a moment still lead to a server that only follows, and is behind. */
async function check(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: string; follows: boolean }>(
    "SELECT current_setting('server_version_num') AS version, pg_is_in_recovery() AS follows",
  )
  const [row] = rows
  if (Number(row?.version) < oldestServer) throw new Error('PostgreSQL is too old: version 14 is needed.')
  if (row?.follows === true) throw new Error('The PostgreSQL server is a standby, which can only be read from.')
}
