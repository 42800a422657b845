/**
 * What the tests of files in S3 share: files that are opened for one test, and what a refusal is.
 */
import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { openS3Files, type S3Files } from '../../src/adapters/s3/files.ts'
import type { Files } from '../../src/domain/ports.ts'
import { ProtocolError } from '../../src/protocol/errors.ts'
import { newFileId } from '../../src/protocol/ids.ts'
import type { S3Settings } from '../../src/settings.ts'
import { everythingIn } from '../support/planted.ts'
import { inTime } from '../support/until.ts'
import { conversationId } from './log-samples.ts'

/** A conversation. */
export const a = conversationId('a')

/** The id of a file, by a word. */
export const fileId = (word: string) => newFileId(word.padEnd(22, '0'))

/** A file, by its text. */
export const file = (text: string, name = 'name.txt') => ({ name, mediaType: 'text/plain', bytes: Buffer.from(text) })

/** What a caller may wait in all for a storage that is gone, with a machine that is busy: milliseconds. */
const refusedMs = 5_000

/** Opens files for a test. */
export function open(
  t: TestContext,
  settings: S3Settings,
  failed: (error: unknown) => void = () => undefined,
): S3Files {
  const files = openS3Files(settings, failed)
  t.after(() => files[Symbol.dispose]())
  return files
}

/** What is there of a file, with its bytes as text. */
export async function textOf(files: Files, conversation = a, id = fileId('x')): Promise<string | undefined> {
  const found = await files.get(conversation, id)
  return found === undefined ? undefined : Buffer.from(found.bytes).toString()
}

/** Rejects with the one error that callers are answered 503 for, in time. Gives what the operator is told. */
export async function assertUnavailable(call: Promise<unknown>): Promise<string> {
  const beganMs = performance.now()
  const ended = call.then(
    () => new Error('it was done'),
    (thrown: unknown) => thrown,
  )
  const error = await inTime('an answer', ended)
  assert.ok(performance.now() - beganMs < refusedMs, 'not in time')
  assert.ok(error instanceof ProtocolError && error.failure === 'Unavailable', String(error))
  return everythingIn(error)
}
