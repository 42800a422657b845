/**
 * A stored file as an answer: inert, whatever it holds. Nothing served here can run in the origin of the service.
 */
import type { FastifyReply } from 'fastify'
import type { StoredFile } from '../domain/ports.ts'
import { isShownInline } from '../protocol/attachment.ts'
import { writeDisposition } from './content-disposition.ts'

/**
 * Sends a file, or only what would be said of it.
 *
 * @param withBytes false for HEAD
 */
export function sendFile(reply: FastifyReply, file: StoredFile, withBytes: boolean): FastifyReply {
  reply.headers({
    'content-type': file.mediaType,
    'content-length': String(file.bytes.length),
    'content-disposition': writeDisposition(isShownInline(file.mediaType) ? 'inline' : 'attachment', file.name),
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'cross-origin-resource-policy': 'cross-origin',
    'cache-control': 'private, max-age=3600',
  })
  return reply.send(
    withBytes ? Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength) : undefined,
  )
}
