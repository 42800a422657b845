/**
 * The log of a conversation: a row for each record. It opens at its end and follows it, unless somebody has scrolled
 * up; what comes into sight is read.
 */
import type { LogRecord } from '../../src/protocol/admin-conversations.ts'
import { clock, durationParts } from '../parts/time.tsx'
import { useEffect, useMemo, useRef, useState } from '../ui.ts'
import type { Log } from './log.ts'
import { directions, idOf, isFailed, isTrace, outcomeOf, summaryOf, typeOf } from './summary.ts'
import { type WindowControl, WindowList, type WindowRow } from './window-list.tsx'

/** What of the log is shown. */
export type LogShow = 'all' | 'messages' | 'failed'

/** Pixels: one line, or two where there is no room for one. */
const rowHeight = { wide: 28, narrow: 48 } as const

const shows: readonly (readonly [LogShow, string])[] = [
  ['all', 'All'],
  ['messages', 'Messages'],
  ['failed', 'Failed'],
]

type Props = {
  readonly log: Log
  /** Changes with the log. */
  readonly version: number
  readonly isNarrow: boolean
  readonly selected: number | undefined
  readonly words: string
  readonly show: LogShow
  onSelect(seq: number): void
  /** A click or Enter, after `onSelect`. */
  onOpen(seq: number): void
  onWords(words: string): void
  onShow(show: LogShow): void
}

/** The log, with what chooses among its rows above it. */
export function LogList(props: Props) {
  const { log, version, isNarrow, selected, words, show, onSelect, onOpen } = props
  const isFiltered = words !== '' || show !== 'all'
  const found = useFound(log, version, words, show)
  const control = useRef<WindowControl | undefined>(undefined)
  const [place, setPlace] = useState({ atStart: false, atEnd: true })
  const [seen, setSeen] = useState(log.last)
  useEffect(() => {
    if (place.atEnd) setSeen(log.last)
  }, [place.atEnd, version])

  const count = found === undefined ? log.last : found.length
  const seqOf = (index: number) => (found === undefined ? index + 1 : (found[index] ?? 0))
  const active =
    selected === undefined ? -1 : found === undefined ? Math.min(selected, count) - 1 : found.indexOf(selected)
  // While a filter finds more, what is selected stays in sight.
  const isGrowing = isFiltered && log.size < log.last
  useEffect(() => {
    if (active >= 0) control.current?.show(active)
  }, [selected, active, isFiltered, isGrowing, isGrowing ? count : 0])

  return (
    <div class={isNarrow ? 'log is-narrow' : 'log'}>
      <Filter {...props} found={found?.length} />
      {count === 0 ? (
        <p class="log-empty faint">{isFiltered ? 'Nothing here fits.' : 'Nothing has been said yet.'}</p>
      ) : (
        <WindowList
          label="Log"
          count={count}
          rowHeight={isNarrow ? rowHeight.narrow : rowHeight.wide}
          active={active}
          follows={true}
          control={control}
          rowOf={index => rowOf(log, seqOf(index))}
          onActive={index => onSelect(seqOf(index))}
          onOpen={index => onOpen(seqOf(index))}
          onPlace={next =>
            setPlace(before => (before.atEnd === next.atEnd && before.atStart === next.atStart ? before : next))
          }
          onRange={(first, last) => {
            if (found === undefined) log.need(seqOf(first), seqOf(last))
          }}
        />
      )}
      {!place.atEnd && count > 0 && (
        <button type="button" class="button small jump" onClick={() => control.current?.show(count - 1, 'end')}>
          Jump to latest{log.last > seen ? ` (${log.last - seen} new)` : ''}
        </button>
      )}
      {log.failure !== undefined && log.failure.status !== 0 && (
        <p class="failure" role="alert">
          {log.failure.message} <code>{log.failure.code}</code>
        </p>
      )}
    </div>
  )
}

function Filter({ log, words, show, onWords, onShow, found }: Props & { readonly found: number | undefined }) {
  const isAll = log.size >= log.last
  return (
    <div class="log-filter">
      <input
        class="search"
        type="search"
        aria-label="Filter the log"
        placeholder="Filter"
        spellcheck={false}
        value={words}
        onInput={event => onWords(event.currentTarget.value)}
      />
      <fieldset class="choice">
        <legend class="unseen">Which records</legend>
        {shows.map(([name, title]) => (
          <button key={name} type="button" aria-pressed={show === name} onClick={() => onShow(name)}>
            {title}
          </button>
        ))}
      </fieldset>
      <span class="faint log-count" role="status">
        {found === undefined
          ? ''
          : isAll
            ? `${found.toLocaleString('en')} of ${log.last.toLocaleString('en')}`
            : `${found.toLocaleString('en')} in ${log.size.toLocaleString('en')} of ${log.last.toLocaleString('en')} …`}
      </span>
    </div>
  )
}

/** Places of the records that fit, in order; undefined where all are shown. All of the log is read for it. */
function useFound(log: Log, version: number, words: string, show: LogShow): readonly number[] | undefined {
  const isFiltered = words !== '' || show !== 'all'
  useEffect(() => {
    if (!isFiltered) return undefined
    let isWanted = true
    // What could not be read is tried again with the next change of the filter.
    log.readAll(() => isWanted).catch(() => undefined)
    return () => {
      isWanted = false
    }
  }, [log, isFiltered, words])
  return useMemo(() => {
    if (!isFiltered) return undefined
    const wanted = words.toLowerCase()
    return log
      .all()
      .filter(record => isShown(log, record, show) && (wanted === '' || textOf(record).includes(wanted)))
      .map(({ seq }) => seq)
    // The version stands for what the log holds.
  }, [log, version, words, show, isFiltered])
}

function isShown(log: Log, record: LogRecord, show: LogShow): boolean {
  if (show === 'messages') return typeOf(record.activity) === 'message'
  return show === 'all' || log.turnsOf(record.seq).some(isFailed)
}

const texts = new WeakMap<LogRecord, string>()

/** What a record is found by: made once for each. */
function textOf(record: LogRecord): string {
  let made = texts.get(record)
  if (made === undefined) {
    const { activity } = record
    const text = typeof activity['text'] === 'string' ? activity['text'] : ''
    made = [typeOf(activity), summaryOf(activity), text, idOf(activity)].join(' ').toLowerCase()
    texts.set(record, made)
  }
  return made
}

function rowOf(log: Log, seq: number): WindowRow {
  const record = log.record(seq)
  if (record === undefined) return { key: String(seq), class: 'log-row is-unread', content: <span>…</span> }
  const { activity, at, dir, state } = record
  const turn = dir === 'fromBot' ? undefined : log.turnsOf(seq).at(-1)
  const failed = turn !== undefined && isFailed(turn)
  const looks = [
    'log-row',
    dir === 'fromBot' ? 'from-bot' : 'to-bot',
    failed ? 'is-failed' : '',
    isTrace(activity) ? 'is-trace' : '',
    state === undefined ? '' : 'is-old',
  ]
  return {
    key: String(seq),
    class: looks.filter(Boolean).join(' '),
    content: (
      <>
        <span class="log-at mono" title={at}>
          {clock(at)}
        </span>{' '}
        <span class="log-dir">{directions[dir]}</span>{' '}
        <span class={typeOf(activity) === 'message' ? 'log-what is-message' : 'log-what'}>
          <span class="log-type">{typeOf(activity)}</span>{' '}
          <span class="log-text">{state === 'erased' ? 'erased' : summaryOf(activity)}</span>
        </span>{' '}
        <span class="log-outcome">
          {turn?.again === true && <span class="log-again">again </span>}
          {turn === undefined ? '' : outcomeOf(turn)}
        </span>{' '}
        <span class="log-ms">{turn === undefined || turn.outcome === 'running' ? '' : msText(turn.totalMs)}</span>
      </>
    ),
  }
}

const msText = (ms: number): string => {
  const { number, unit } = durationParts(ms)
  return unit === 'ms' ? number : `${number} s`
}
