/**
 * Somebody who comes back: a new stream is asked for from the beginning, and opened.
 */
import type { HttpPool } from './http-line.ts'
import { StreamLine, watermarkOf } from './stream-line.ts'
import type { Opened } from './talker.ts'

/**
 * Reconnects to a conversation. Resolves with the open socket when it has been sent everything up to a watermark.
 */
export async function comeBack(pool: HttpPool, { id, token }: Opened, watermark: number): Promise<StreamLine> {
  const { streamUrl } = await pool.call('GET', `/v3/directline/conversations/${id}?watermark=0`, {
    authorization: `Bearer ${token}`,
  })
  const all = Promise.withResolvers<void>()
  const onFrame = (frame: Buffer) => {
    if (frame.length > 0 && watermarkOf(frame) >= watermark) all.resolve()
  }
  const line = new StreamLine(String(streamUrl), onFrame)
  await line.opened
  await all.promise
  return line
}
