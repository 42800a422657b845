/**
 * Attachments: what an activity says of a file, and which media types may be shown where they stand.
 */

/** One entry of an activity's `attachments`. Cards carry `content`, files `contentUrl`. */
export type Attachment = {
  readonly contentType?: string | null
  readonly contentUrl?: string | null
  readonly name?: string | null
  readonly thumbnailUrl?: string | null
  readonly content?: unknown
  readonly [name: string]: unknown
}

/** Taken where a part or a request names no type, or one that is not a type. */
export const unknownMediaType = 'application/octet-stream'

const mediaTypePattern = /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/

/** The media type in a Content-Type, in lower case and without parameters; `application/octet-stream` if it is none. */
export function readMediaType(text: string | undefined): string {
  const type = (text ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return mediaTypePattern.test(type) ? type : unknownMediaType
}

const shownTypes = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif'])

/**
 * Whether a browser may show this type where it stands. Everything that could run a script there (HTML, SVG, PDF)
 * is offered as a download instead.
 */
export const isShownInline = (mediaType: string): boolean =>
  shownTypes.has(mediaType) || mediaType.startsWith('audio/') || mediaType.startsWith('video/')

const dataUrlPattern = /^data:([^;,]*)((?:;[^;,]*)*),/i

/** What a `data:` URL holds, or undefined if it is not one. `base64` tells how `payload` is to be read. */
export function readDataUrl(
  url: string,
): { readonly mediaType: string; readonly base64: boolean; readonly payload: string } | undefined {
  const head = dataUrlPattern.exec(url.slice(0, 512))
  if (head === null) return undefined
  const parameters = head[2] ?? ''
  return {
    mediaType: readMediaType(head[1] === '' ? 'text/plain' : head[1]),
    base64: /;base64$/i.test(parameters),
    payload: url.slice(head[0].length),
  }
}
