/**
 * SQLite's write-ahead log as a file: where its frames begin, and where its commits end. The format is fixed and
 * documented by SQLite: a header of 32 bytes, then frames of 24 bytes and a page each.
 */

/** Bytes in front of all frames. */
export const walHeaderBytes = 32

/** Bytes in front of each page. */
const frameHeaderBytes = 24

/** A write-ahead log taken apart. */
export type Wal = {
  readonly frameBytes: number
  /** The ends of its commits: offsets of the first byte behind each commit's last frame, in order. */
  readonly commitEnds: readonly number[]
}

/**
 * Takes apart the frames of the log's current run. Frames behind them are left from before a restart of the log, and
 * carry other salts.
 */
export function readWal(bytes: Buffer): Wal {
  if (bytes.length < walHeaderBytes) return { frameBytes: 0, commitEnds: [] }
  const frameBytes = frameHeaderBytes + bytes.readUInt32BE(8)
  const salts = bytes.subarray(16, 24)
  const commitEnds: number[] = []
  for (let at = walHeaderBytes; at + frameBytes <= bytes.length; at += frameBytes) {
    if (!bytes.subarray(at + 8, at + 16).equals(salts)) break
    // On a commit's last frame stands the size of the database; on others, zero.
    if (bytes.readUInt32BE(at + 4) !== 0) commitEnds.push(at + frameBytes)
  }
  return { frameBytes, commitEnds }
}
