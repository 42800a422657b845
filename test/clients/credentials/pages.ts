/**
 * What the pages of the documentation tell people to type, taken out of them as it is printed there: the tests do what
 * a reader does.
 */
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { App } from '../../support/bot-tokens.ts'

/** The addresses the pages have Landline at, with and without TLS. */
const printedOrigins = ['http://127.0.0.1:3977', 'https://chat.example.org']

/** The blocks of a language on a page of `docs/how-to`, in order. */
export function blocksOf(page: string, language: 'ini' | 'js' | 'sh'): readonly string[] {
  const text = readFileSync(new URL(`../../../docs/how-to/${page}`, import.meta.url), 'utf8')
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block ?? '')
}

/** A block with the reader's own app id, password and address in the marked places. */
export function filled(block: string, { id, password }: App, origin: string): string {
  let text = block.replaceAll('YOUR_APP_ID', id).replaceAll('YOUR_APP_PASSWORD', password)
  for (const printed of printedOrigins) text = text.replaceAll(printed, origin)
  return text
}

/** The variables a block sets once it is filled, by name. */
export const environmentOf = (block: string, app: App, origin: string): Readonly<Record<string, string>> =>
  parseEnv(filled(block, app, origin)) as Record<string, string>
