/**
 * A door's request as it goes over the wire, and the answer to it.
 */
import { type Answer, call } from '../../support/http.ts'
import { activityType, type FormPart, formOf } from '../direct-line-v3/form.ts'
import { type Door, headersOf, type Key, type Part, type Request } from './doors.ts'
import type { Ground } from './ground.ts'

/** A body, and the headers that say what it is. */
export type Body = { readonly bytes: Buffer; readonly headers: Readonly<Record<string, string>> }

/** The body of a request; undefined if it has none. */
function bodyOf({ json, form, parts, raw, headers = {} }: Request): Body | undefined {
  if (json !== undefined)
    return { bytes: Buffer.from(JSON.stringify(json)), headers: { 'content-type': 'application/json', ...headers } }
  if (form !== undefined) {
    const type = 'application/x-www-form-urlencoded'
    return { bytes: Buffer.from(new URLSearchParams(form).toString()), headers: { 'content-type': type, ...headers } }
  }
  if (parts !== undefined) {
    const { raw: bytes, headers: own } = formOf(parts.map(partOf))
    return { bytes: Buffer.from(bytes ?? ''), headers: { ...(own as Record<string, string>), ...headers } }
  }
  return raw === undefined ? undefined : { bytes: Buffer.from(raw), headers }
}

/** A part as clients write it. */
const partOf = ({ name, fileName, type, body }: Part): FormPart => ({
  headers: [
    `Content-Disposition: form-data; name="${name}"${fileName === undefined ? '' : `; filename="${fileName}"`}`,
    `Content-Type: ${type}`,
  ],
  bytes: type === activityType ? JSON.stringify(body) : String(body),
})

/** What is changed in the request of a door. */
export type Changes = {
  /** Shown in the place of the door's own; `null`: none. */
  readonly key?: Key | null
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly path?: string
  readonly method?: string
}

/** The method of a door. */
export const methodOf = ({ route }: Door): string => route.slice(0, route.indexOf(' '))

/** Sends the request of a door with the first of its keys, unless changes are said. */
export function knock(door: Door, ground: Ground, changes: Changes = {}): Promise<Answer> {
  const request = door.request(ground)
  const body = bodyOf(request)
  const key = changes.key === undefined ? door.keys[0] : (changes.key ?? undefined)
  return call(`${ground.app.origin}${changes.path ?? request.path}`, {
    method: changes.method ?? methodOf(door),
    ...(body === undefined ? {} : { raw: body.bytes }),
    headers: {
      ...(body?.headers ?? request.headers),
      ...(key === undefined ? {} : headersOf(key, ground)),
      ...changes.headers,
    },
  })
}

/** Whether the service has not failed: 501 says that it does not have what was asked for. */
export const isNoFault = (status: number): boolean => status < 500 || status === 501
