/**
 * What happens in a service, as lines for a person.
 */
import type { Exchange, Pairs, TurnBody } from '../protocol/admin-conversations.ts'
import type { LiveEvents } from '../protocol/admin-live.ts'
import { plainContentOf } from '../protocol/card-text.ts'
import { type Output, plain } from './output.ts'

/** How much of an id tells it from others: characters. */
const idCharacters = 12

/** How much of a text is shown: characters. */
const textCharactersMax = 160

/** An activity, with where it went. */
export function recordText({ conversation, record }: LiveEvents['records'], out: Output): string {
  const { at, dir, activity } = record
  const way = { toBot: '→ bot', fromBot: '← bot', channel: '· own' }[dir]
  const type = typeof activity['type'] === 'string' ? plain(activity['type']) : ''
  const name = typeof activity['name'] === 'string' ? plain(activity['name']) : ''
  return [out.styled('dim', clockTime(at)), way, idText(conversation), [type, name].join(' ').trim(), said(activity)]
    .filter(part => part !== '')
    .join('  ')
}

/** A turn, with what came of it, and what was sent and answered if that is known. */
export function turnText(turn: TurnBody, out: Output): string {
  const { conversation, startedAt, totalMs, outcome, status, problem, type, again, exchange } = turn
  const isFine = outcome === 'ok'
  const came = [outcome, status, problem].filter(part => part !== undefined).join(' ')
  const line = [
    out.styled('dim', clockTime(startedAt)),
    'turn ',
    idText(conversation),
    again ? `${plain(type)} again` : plain(type),
    isFine ? out.styled('green', came) : out.styled('red', came),
    duration(totalMs),
  ].join('  ')
  return exchange === undefined ? line : [line, ...exchangeLines(exchange)].join('\n')
}

/** Milliseconds as people read them. */
function duration(ms: number): string {
  if (ms < 1) return '<1 ms'
  if (ms < 10) return `${ms.toFixed(1)} ms`
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`
}

/** The time of day, here. */
function clockTime(iso: string): string {
  const date = new Date(iso)
  const two = (value: number) => String(value).padStart(2, '0')
  const ms = String(date.getMilliseconds()).padStart(3, '0')
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}

const idText = (id: string): string => plain(id).slice(0, idCharacters).padEnd(idCharacters)

function said(activity: LiveEvents['records']['record']['activity']): string {
  const { text, images, attachments } = plainContentOf(activity)
  const files = images.length + attachments.length
  const shown = plain(text).replace(/\s+/g, ' ').trim()
  const cut = shown.length > textCharactersMax ? `${shown.slice(0, textCharactersMax)}…` : shown
  return [cut, files === 0 ? '' : `[${files} ${files === 1 ? 'file' : 'files'}]`].join(' ').trim()
}

function exchangeLines(exchange: Exchange): readonly string[] {
  const { url, requestHeaders, requestBody, status, responseHeaders, body, error, cut } = exchange
  return [
    `POST ${url}`,
    ...headerLines(requestHeaders),
    ...bodyLines(requestBody),
    status === undefined ? `no answer${error === undefined ? '' : `: ${error}`}` : `${status}`,
    ...headerLines(responseHeaders ?? []),
    ...bodyLines(body),
    ...(cut ? ['… cut'] : []),
  ].map(line => `    ${plain(line)}`)
}

const headerLines = (headers: Pairs): readonly string[] => headers.map(([name, value]) => `${name}: ${value}`)

const bodyLines = (body: string | undefined): readonly string[] =>
  body === undefined || body === '' ? [] : ['', ...body.split('\n'), '']
