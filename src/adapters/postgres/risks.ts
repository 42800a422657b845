/**
 * What a server is set to that breaks a promise which is not ours to keep: an acknowledgement means that the commit is on a
 * disk, and stays when another server takes over.
 */
import { connect } from './connections.ts'

/**
 * A sentence for each risk of losing what was acknowledged. None for a server that is set as it should be.
 *
 * @throws Error if the server can't be asked
 */
export async function risksOf(url: string): Promise<readonly string[]> {
  const client = await connect(url)
  try {
    const { rows } = await client.query<{ fsync: string; pages: string; followed: boolean; synchronous: string }>(
      `SELECT current_setting('fsync') AS fsync, current_setting('full_page_writes') AS pages,
        EXISTS (SELECT 1 FROM pg_stat_replication) AS followed,
        current_setting('synchronous_standby_names') AS synchronous`,
    )
    return rows.flatMap(({ fsync, pages, followed, synchronous }) => [
      ...(fsync === 'off' ? [lost('fsync')] : []),
      ...(fsync !== 'off' && pages === 'off' ? [lost('full_page_writes')] : []),
      ...(followed && synchronous === '' ? [asynchronous] : []),
    ])
  } finally {
    await client.end()
  }
}

const lost = (setting: string): string =>
  `PostgreSQL runs with ${setting} off: what was acknowledged can be lost when its machine stops.`

const asynchronous =
  'PostgreSQL has standbys and none is synchronous (synchronous_standby_names is empty): should one take over, what was acknowledged last is lost.'
