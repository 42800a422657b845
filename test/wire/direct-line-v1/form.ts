/**
 * Uploads as clients of 1.1 write them: forms whose parts' headers stand as the test says.
 */
import type { Call } from '../../support/http.ts'

/** One part of a form. */
export type FormPart = { readonly headers: readonly string[]; readonly bytes: string | Uint8Array }

/** The type that marks a part as the message. */
export const messageType = 'application/vnd.microsoft.bot.message'

/** The message as the documentation has it: without a Content-Disposition. */
export const messagePart = (message: unknown): FormPart => ({
  headers: [`Content-Type: ${messageType}`],
  bytes: typeof message === 'string' ? message : JSON.stringify(message),
})

/** A file. */
export const filePart = (name: string, bytes: string | Uint8Array, contentType = 'text/plain'): FormPart => ({
  headers: [`Content-Disposition: form-data; name="file"; filename="${name}"`, `Content-Type: ${contentType}`],
  bytes,
})

/** A form as a body and its Content-Type. */
export function formOf(parts: readonly FormPart[], boundary = '----k81'): Call {
  const chunks = parts.flatMap(({ headers, bytes }) => [
    `--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`,
    bytes,
    '\r\n',
  ])
  const raw = Buffer.concat([...chunks, `--${boundary}--\r\n`].map(chunk => Buffer.from(chunk as string)))
  return { raw, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }
}
