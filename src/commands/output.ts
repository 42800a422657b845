/**
 * What a command prints: results on standard output, everything else on standard error. Colours are for terminals
 * alone, and only where the person has not asked for none; JSON never has any.
 */
import { styleText } from 'node:util'
import type { CommonOptions } from './context.ts'

/** The styles that are used. */
type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan'

/** Prints for one command. */
export class Output {
  readonly json: boolean
  readonly #quiet: boolean

  constructor({ json = false, quiet = false }: CommonOptions) {
    this.json = json
    this.#quiet = quiet
  }

  /** The result of the command: one JSON document, or its text. */
  result(value: unknown, text: string): void {
    this.line(this.json ? JSON.stringify(value, undefined, 2) : text)
  }

  /** A line, or several, of the result. */
  line(text: string): void {
    if (text !== '') process.stdout.write(`${text}\n`)
  }

  /** Something that is good to know and not the result. */
  note(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`)
  }

  /** A text for standard output, in a style where it can be shown. */
  styled(style: Style, text: string): string {
    return this.json ? text : styleText(style, text, { stream: process.stdout })
  }
}

/** Whether somebody sits at both ends: only then is anybody asked anything. */
export const isInteractive = (): boolean => process.stdin.isTTY === true && process.stdout.isTTY === true

/** Rows in columns as wide as their widest cell, under a heading. */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const all = [heading, ...rows]
  const widths = heading.map((_, at) => Math.max(...all.map(row => row[at]?.length ?? 0)))
  return all
    .map(row =>
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Names and values, one pair on a line. */
export function pairs(values: readonly (readonly [name: string, value: string | undefined])[]): string {
  const shown = values.filter(([, value]) => value !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n')
}

/**
 * A text from outside without what would steer a terminal: a bot, or whoever talks to one, must not be able to move
 * the cursor, change the title or put words into the shell.
 */
export const plain = (text: string): string => text.replace(/\r\n?/g, '\n').replace(steering, '')

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const steering = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g
