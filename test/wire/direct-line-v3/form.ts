/**
 * Uploads as real clients write them: each part's headers stand as the test says, so that clients' habits can be
 * reproduced to the byte.
 */
import { type Chat, readLog } from '../../support/direct-line.ts'
import { type Call, call, type WireActivity } from '../../support/http.ts'

/** One part of a form. */
export type FormPart = { readonly headers: readonly string[]; readonly bytes: string | Uint8Array }

/** The type that marks a part as the activity. */
export const activityType = 'application/vnd.microsoft.activity'

/** The activity as DirectLineJS sends it. */
export const activityPart = (activity: unknown): FormPart => ({
  headers: ['Content-Disposition: form-data; name="activity"; filename="blob"', `Content-Type: ${activityType}`],
  bytes: JSON.stringify(activity),
})

/** A file as DirectLineJS sends it. */
export const filePart = (name: string, bytes: string | Uint8Array, contentType = 'text/plain'): FormPart => ({
  headers: [`Content-Disposition: form-data; name="file"; filename="${name}"`, `Content-Type: ${contentType}`],
  bytes,
})

/** A form as a body and its Content-Type. */
export function formOf(parts: readonly FormPart[], boundary = '----boundary7MA4YWxkTrZu0gW'): Call {
  const chunks = parts.flatMap(({ headers, bytes }) => [
    `--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`,
    bytes,
    '\r\n',
  ])
  const body = Buffer.concat([...chunks, `--${boundary}--\r\n`].map(chunk => Buffer.from(chunk as string)))
  return { raw: body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } }
}

/** Uploads with the chat's token. */
export const upload = ({ address, token }: Pick<Chat, 'address' | 'token'>, what: Call, query = '?userId=u1') =>
  call(`${address}/upload${query}`, { method: 'POST', bearer: token, ...what })

/** The newest activity of the log. */
export async function newest(chat: Pick<Chat, 'address' | 'token'>): Promise<WireActivity> {
  return (await readLog(chat)).at(-1) ?? {}
}
