/**
 * What an upload holds: one file as the whole body, or several as parts of a form, perhaps with an activity.
 */
import type { Upload } from '../../domain/attachments.ts'
import type { StoredFile } from '../../domain/ports.ts'
import { type Activity, parseActivityText } from '../../protocol/activity.ts'
import { readMediaType } from '../../protocol/attachment.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { decoded } from '../bodies.ts'
import { readDisposition } from '../content-disposition.ts'
import { type Part, readBoundary, readParts } from '../multipart.ts'

const activityTypes = new Set(['application/vnd.microsoft.activity', 'application/vnd.microsoft.bot.message'])

/**
 * Reads the body of an upload.
 *
 * @throws ProtocolError `MissingProperty` if there is neither a file nor an activity; `MalformedBody` for a form that
 * can't be read; what `parseActivityText` throws
 */
export function readUpload(body: Buffer, contentType: string | undefined, disposition: string | undefined): Upload {
  if (readMediaType(contentType) !== 'multipart/form-data') return readSingle(body, contentType, disposition)
  const boundary = readBoundary(contentType ?? '')
  if (boundary === undefined) throw new ProtocolError('MalformedBody', 'The multipart body has no boundary.')
  let activity: Activity | undefined
  const files: StoredFile[] = []
  for (const part of readParts(body, boundary)) {
    const { name, fileName } = readDisposition(part.headers.get('content-disposition'))
    if (isActivity(part, name)) {
      if (activity !== undefined) throw new ProtocolError('Unacceptable', 'An upload may hold one activity.')
      activity = parseActivityText(decoded(part.bytes, 'UnreadableActivity'))
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
  if (body.length === 0) throw new ProtocolError('MissingProperty', 'The upload holds no file.')
  const { fileName } = readDisposition(disposition)
  return {
    activity: undefined,
    files: [{ name: fileName ?? 'file', mediaType: readMediaType(contentType), bytes: body }],
  }
}

/** By its type, or by its name if it is JSON. DirectLineJS sets both. */
function isActivity(part: Part, name: string | undefined): boolean {
  const type = readMediaType(part.headers.get('content-type'))
  if (activityTypes.has(type)) return true
  const mayBeJson = !part.headers.has('content-type') || type === 'application/json' || type === 'text/plain'
  return name === 'activity' && mayBeJson && part.bytes.toString('latin1', 0, 64).trimStart().startsWith('{')
}
