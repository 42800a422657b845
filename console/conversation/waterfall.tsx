/**
 * Where the time of a turn went: a bar for each part on one axis.
 */
import type { Span, TurnBody } from '../../src/protocol/admin-conversations.ts'
import { duration, durationParts } from '../parts/time.tsx'
import { useState } from '../ui.ts'

/** What each part is, for those who meet its name for the first time. */
const meanings: Readonly<Record<string, string>> = {
  receive: 'reading the request',
  store: 'writing to the log',
  credential: 'getting the token the bot is shown',
  connect: 'connecting to the bot',
  bot: 'the bot, until its answer begins',
  body: "reading the bot's answer",
  reply: 'a reply of the bot, until it is in the log',
  push: 'until the last open window has it',
  answer: 'answering the client',
}

const meaningOf = (name: string): string => meanings[name.split(' ')[0] ?? ''] ?? name

/** The widest part, and how much of the turn it is: `bot 92 %`. Undefined where nothing took any time. */
export function widestOf({ spans, totalMs }: TurnBody): string | undefined {
  const widest = spans.reduce<Span | undefined>(
    (most, span) => (most === undefined || span.ms > most.ms ? span : most),
    undefined,
  )
  if (widest === undefined || totalMs <= 0 || widest.ms <= 0) return undefined
  return `${widest.name} ${Math.min(100, Math.round((widest.ms / totalMs) * 100))} %`
}

/** The bars. Whatever is pointed at or focused is told in the line below. */
export function Waterfall({ turn }: { readonly turn: TurnBody }) {
  const [pointed, setPointed] = useState<number | undefined>(undefined)
  const { spans, totalMs } = turn
  const axis = Math.max(totalMs, ...spans.map(({ start, ms }) => start + ms), 0.1)
  const span = pointed === undefined ? undefined : spans[pointed]
  return (
    <div class="waterfall">
      <ol aria-label="Parts of the turn">
        {spans.map((each, index) => (
          <li key={`${each.name}-${each.start}`}>
            <button
              type="button"
              class={`span span-${each.name.split(' ')[0]}`}
              aria-label={`${each.name} ${duration(each.ms)}, ${sentenceOf(each)}`}
              onMouseEnter={() => setPointed(index)}
              onMouseLeave={() => setPointed(undefined)}
              onFocus={() => setPointed(index)}
              onBlur={() => setPointed(undefined)}
            >
              <span class="span-name">{each.name}</span>{' '}
              <span class="span-track">
                <span class="span-bar" style={placeOf(each, axis)} />
              </span>
              <Ms ms={each.ms} />
            </button>
          </li>
        ))}
      </ol>
      <p class="span-more faint">
        {span === undefined ? `From 0 to ${duration(axis)}` : `${span.name}: ${sentenceOf(span)}`}
      </p>
    </div>
  )
}

function Ms({ ms }: { readonly ms: number }) {
  const { number, unit } = durationParts(ms)
  return (
    <span class="ms">
      {number} <span class="unit">{unit}</span>
    </span>
  )
}

const sentenceOf = ({ name, start, note }: Span): string =>
  [`${meaningOf(name)}, from ${duration(start)}`, note].filter(Boolean).join('; ')

/** A bar's place on the axis, in percent: never beyond its ends, and never too thin to be seen. */
function placeOf({ start, ms }: Span, axis: number): { readonly left: string; readonly width: string } {
  const thinnest = 1
  const width = Math.min(100, Math.max(thinnest, (ms / axis) * 100))
  const left = Math.max(0, Math.min((start / axis) * 100, 100 - width))
  return { left: `${left}%`, width: `${width}%` }
}
