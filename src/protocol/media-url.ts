/**
 * What a URL tells by itself: where it leads when it is relative, and the media type its path's extension stands for.
 * Direct Line 1.1 names pictures by URL alone, and media cards name their files so.
 */
import { unknownMediaType } from './attachment.ts'

const imageTypes: ReadonlyMap<string, string> = new Map([
  ['png', 'image/png'],
  ['gif', 'image/gif'],
  ['bmp', 'image/bmp'],
  ['webp', 'image/webp'],
  ['jpg', 'image/jpeg'],
  ['jpeg', 'image/jpeg'],
  ['svg', 'image/svg+xml'],
])

const soundAndFilmTypes: ReadonlyMap<string, string> = new Map([
  ['mp3', 'audio/mpeg'],
  ['m4a', 'audio/mp4'],
  ['aac', 'audio/aac'],
  ['wav', 'audio/wav'],
  ['ogg', 'audio/ogg'],
  ['oga', 'audio/ogg'],
  ['opus', 'audio/ogg'],
  ['flac', 'audio/flac'],
  ['mp4', 'video/mp4'],
  ['m4v', 'video/mp4'],
  ['webm', 'video/webm'],
  ['ogv', 'video/ogg'],
  ['mov', 'video/quicktime'],
  ['avi', 'video/x-msvideo'],
])

/** The image type of a URL by the extension of its path, or undefined if it names none we know. */
export const imageTypeOf = (url: string): string | undefined => imageTypes.get(extensionOf(url))

/** The media type of a URL by the extension of its path; `application/octet-stream` if it names none we know. */
export function mediaTypeOf(url: string): string {
  const extension = extensionOf(url)
  return imageTypes.get(extension) ?? soundAndFilmTypes.get(extension) ?? unknownMediaType
}

/** Whether a media type is one of an image, whatever its case. */
export const isImageType = (mediaType: string): boolean => /^image\//i.test(mediaType)

/** What stands after the last dot of a URL's path, in lower case. Hosts, queries and fragments have no say. */
function extensionOf(url: string): string {
  const path = url.replace(/[?#].*$/s, '').replace(/^(?:[a-z][a-z0-9+.-]*:)?\/\/[^/]*/i, '')
  const segment = path.slice(path.lastIndexOf('/') + 1)
  const dot = segment.lastIndexOf('.')
  return dot === -1 ? '' : segment.slice(dot + 1).toLowerCase()
}

/**
 * The URL as anybody can follow it: a relative one is taken from `base`, as a browser would from a page in the folder
 * `base`. Every scheme passes, because `data:` pictures are legal. Dots in the path are left to whoever follows it.
 *
 * @param base an absolute URL without a query
 */
export function absoluteUrl(url: string, base: string): string {
  if (/^[a-z][a-z0-9+.-]*:/i.test(url)) return url
  const [origin = '', scheme = ''] = /^([a-z][a-z0-9+.-]*:)\/\/[^/]*/i.exec(base) ?? []
  if (url.startsWith('//')) return scheme + url
  return url.startsWith('/') ? origin + url : `${base.replace(/\/$/, '')}/${url}`
}
