/**
 * What an upload holds: one file as the whole body, or several as parts of a form, perhaps with an activity.
 */
import type { Upload } from '../domain/attachments.ts'
import type { StoredFile } from '../domain/ports.ts'
import type { Activity } from '../protocol/activity.ts'
import { readMediaType } from '../protocol/attachment.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { decoded } from './bodies.ts'
import { headerText, readDisposition } from './content-disposition.ts'
import { type Part, readBoundary, readParts } from './multipart.ts'

/** Reads the activity in a part of a form; undefined if the part is a file. */
export type ReadActivityPart = (part: Part, name: string | undefined) => Activity | undefined

/**
 * Reads the body of an upload.
 *
 * @throws ProtocolError `MissingProperty` if there is neither a file nor an activity; `MalformedBody` for a form that
 * can't be read; what the reader of the activity throws
 */
export function readUpload(
  body: Buffer,
  contentType: string | undefined,
  disposition: string | undefined,
  readActivityPart: ReadActivityPart,
): Upload {
  if (body.length === 0) throw new ProtocolError('MissingProperty', 'The upload holds no file.')
  if (readMediaType(contentType) !== 'multipart/form-data') return readSingle(body, contentType, disposition)
  const boundary = readBoundary(contentType ?? '')
  if (boundary === undefined) throw new ProtocolError('MalformedBody', 'The multipart body has no boundary.')
  let activity: Activity | undefined
  const files: StoredFile[] = []
  for (const part of readParts(body, boundary)) {
    const { name, fileName } = readDisposition(part.headers.get('content-disposition'))
    const read = readActivityPart(part, name)
    if (read !== undefined) {
      if (activity !== undefined) throw new ProtocolError('Unacceptable', 'An upload may hold one activity.')
      activity = read
    } else if (part.bytes.length > 0 || fileName !== undefined) {
      files.push({
        name: fileName ?? 'file',
        mediaType: readMediaType(part.headers.get('content-type')),
        bytes: part.bytes,
      })
    }
  }
  if (activity === undefined && files.length === 0)
    throw new ProtocolError('MissingProperty', 'The upload holds no file.')
  return { activity, files }
}

function readSingle(body: Buffer, contentType: string | undefined, disposition: string | undefined): Upload {
  const { fileName } = readDisposition(disposition === undefined ? undefined : headerText(disposition))
  return {
    activity: undefined,
    files: [{ name: fileName ?? 'file', mediaType: readMediaType(contentType), bytes: body }],
  }
}

/** Whether a part is JSON under one of these names: a client that names it need not give it a type. */
export function isJsonNamed(part: Part, name: string | undefined, names: readonly string[]): boolean {
  const type = readMediaType(part.headers.get('content-type'))
  const mayBeJson = !part.headers.has('content-type') || type === 'application/json' || type === 'text/plain'
  return (
    name !== undefined &&
    names.includes(name) &&
    mayBeJson &&
    part.bytes.toString('latin1', 0, 64).trimStart().startsWith('{')
  )
}

/** The text of a part that holds JSON. @throws ProtocolError `UnreadableActivity` if it is not UTF-8 */
export const partText = (part: Part): string => decoded(part.bytes, 'UnreadableActivity')
