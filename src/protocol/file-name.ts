/**
 * Names of files, as people and programs give them: whole paths, text that disguises itself, text without end.
 */
import { fileNameBytesMax } from './limits.ts'

/** Control characters, and those that turn the direction of writing and so disguise a file's ending. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const unwanted = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** What is read of a name at most: characters. Every one that is kept takes a byte, and few are not kept. */
const readCharactersMax = 4 * fileNameBytesMax

/** A file's name: no folders, nothing invisible, no longer than a file system takes; `file` if nothing is left. */
export function fileNameIn(path: string): string {
  const start = Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1
  const segment = path.slice(start, start + readCharactersMax)
  const name = withinBytes(segment.replace(unwanted, '').toWellFormed().trim(), fileNameBytesMax).trim()
  return name === '' || name === '.' || name === '..' ? 'file' : name
}

/** As many whole characters as fit into so many bytes of UTF-8. */
function withinBytes(text: string, bytesMax: number): string {
  let bytes = 0
  let end = 0
  for (const character of text) {
    bytes += bytesOf(character.codePointAt(0) ?? 0)
    if (bytes > bytesMax) break
    end += character.length
  }
  return text.slice(0, end)
}

function bytesOf(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}
