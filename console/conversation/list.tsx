/**
 * The conversations: a long list, newest activity first, that is filtered and searched and kept up with what happens.
 */
import type { ConversationRow } from '../../src/protocol/admin-conversations.ts'
import { useTitle } from '../about.ts'
import { api, serviceNowMs } from '../api.ts'
import { useCell } from '../cell.ts'
import { useLive } from '../live.ts'
import { Field, Select } from '../parts/field.tsx'
import { NewConversation } from '../parts/new-conversation.tsx'
import { Empty, Failed, Loading, useLoaded } from '../parts/states.tsx'
import { dayAndClock, Time } from '../parts/time.tsx'
import { go, href, setQuery, usePlace } from '../route.ts'
import { useEffect, useMemo, useRef, useState } from '../ui.ts'
import { useNarrow } from './columns.tsx'
import { StatePill, shortId } from './header.tsx'
import { Rows } from './rows.ts'
import { type WindowControl, WindowList, type WindowRow } from './window-list.tsx'

/** Pixels: one line, or three where there is no room for one. */
const rowHeight = { wide: 36, narrow: 68 } as const

/** How long nothing is typed before it is looked for: milliseconds. */
const typingMs = 250

type State = 'all' | 'connected' | 'failed'

const states: readonly (readonly [State, string])[] = [
  ['all', 'All'],
  ['connected', 'Connected'],
  ['failed', 'Failed'],
]

type Period = '' | '1h' | '24h' | '7d'

const periods: readonly (readonly [Period, string])[] = [
  ['', 'Any time'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
]

const hours: Readonly<Record<Period, number>> = { '': 0, '1h': 1, '24h': 24, '7d': 168 }

/** What stands in the address. */
type Filters = {
  readonly q: string
  readonly bot: string
  readonly state: State
  /** What failed: `any`, or the code of a problem; empty where failed ones are not asked for. */
  readonly problem: string
  readonly since: Period
}

function useFilters(): Filters {
  const { query } = usePlace()
  const word = (name: string) => query.get(name) ?? ''
  const problem = word('problem')
  const state = problem !== '' ? 'failed' : word('state') === 'live' ? 'connected' : 'all'
  return {
    q: word('q'),
    bot: word('bot'),
    state,
    problem,
    since: periods.find(([name]) => name === word('since'))?.[0] ?? '',
  }
}

/** The screen. */
export function Conversations() {
  useTitle('Conversations')
  const filters = useFilters()
  const { q, bot, problem, state, since } = filters
  return (
    <div class="conversations">
      <div class="title">
        <h1>Conversations</h1>
        <NewConversation bot={bot === '' ? undefined : bot} />
      </div>
      <FilterBar {...filters} />
      <List key={JSON.stringify([q, bot, state, problem, since])} {...filters} />
    </div>
  )
}

function FilterBar({ q, bot, state, since }: Filters) {
  const bots = useLoaded('bots', api.bots)
  const [words, setWords] = useState(q)
  // What is looked for has no space at its end; what somebody is about to write on may.
  useEffect(() => setWords(now => (now.trim() === q ? now : q)), [q])
  useEffect(() => {
    if (words.trim() === q) return undefined
    const timer = setTimeout(() => setQuery({ q: words.trim() }), typingMs)
    return () => clearTimeout(timer)
  }, [words])
  const setState = (name: State) =>
    setQuery({ state: name === 'connected' ? 'live' : undefined, problem: name === 'failed' ? 'any' : undefined })
  return (
    <div class="filters">
      <Field label="Search" type="search" placeholder="Id, user or text" value={words} onInput={setWords} />
      <fieldset class="choice">
        <legend class="unseen">Which conversations</legend>
        {states.map(([name, title]) => (
          <button key={name} type="button" aria-pressed={state === name} onClick={() => setState(name)}>
            {title}
          </button>
        ))}
      </fieldset>
      <Select
        label="Bot"
        value={bot}
        onChange={name => setQuery({ bot: name })}
        options={[['', 'All bots'], ...(bots.value ?? []).map(({ id }) => [id, id] as const)]}
      />
      <Select<Period> label="Time" value={since} onChange={name => setQuery({ since: name })} options={periods} />
    </div>
  )
}

function List({ q, bot, state, problem, since }: Filters) {
  const isNarrow = useNarrow()
  const rows = useMemo(
    () =>
      new Rows({
        q,
        bot,
        problem,
        ...(state === 'connected' ? { state: 'live' } : {}),
        ...(since === '' ? {} : { since: new Date(serviceNowMs() - hours[since] * 3600_000).toISOString() }),
      }),
    [],
  )
  useCell(rows.version)
  const [active, setActive] = useState<string | undefined>(undefined)
  const isAtTop = useRef(true)
  const control = useRef<WindowControl | undefined>(undefined)
  useEffect(() => {
    rows.open()
    return () => rows.close()
  }, [rows])
  const fits = (row: ConversationRow) =>
    // What a search finds, only the service can tell; and which problem a turn had.
    q === '' &&
    (state !== 'connected' || row.state === 'live') &&
    (state !== 'failed' || (problem === 'any' && row.failed > 0))
  useLive('conversations', bot === '' ? {} : { bot }, {
    events: changed => rows.heard(changed, isAtTop.current, fits),
    gap: rows.open,
  })

  if (!rows.isRead) {
    if (rows.failure === undefined || rows.failure.status === 0) return <Loading what="the conversations" />
    return <Failed what="the conversations" failure={rows.failure} again={rows.open} />
  }
  if (rows.count === 0)
    return <Nothing rows={rows} isFiltered={q !== '' || bot !== '' || state !== 'all' || since !== ''} />

  const open = (index: number, event: MouseEvent | KeyboardEvent) => {
    const id = rows.row(index)?.id
    if (id === undefined) return
    const address = href(['conversations', id])
    if (event.ctrlKey || event.metaKey) globalThis.open(address, '_blank', 'noopener')
    else go(address)
  }
  const toEnd = async () => {
    await rows.toEnd()
    const last = rows.count - 1
    setActive(rows.row(last)?.id ?? String(last))
    control.current?.show(last)
  }
  return (
    <div class={isNarrow ? 'conversation-list is-narrow' : 'conversation-list'}>
      {rows.waiting > 0 && (
        <button
          type="button"
          class="button small primary waiting"
          onClick={() => {
            rows.takeIn()
            control.current?.show(0, 'start')
          }}
        >
          {rows.waiting} new
        </button>
      )}
      <div class="conversation-row conversation-names" aria-hidden="true">
        <span>Id</span>
        <span>Bot</span>
        <span>User</span>
        <span>Last text</span>
        <span class="number">Activities</span>
        <span>State</span>
        <span class="number">Last</span>
      </div>
      <WindowList
        label="Conversations"
        count={rows.count}
        rowHeight={isNarrow ? rowHeight.narrow : rowHeight.wide}
        active={rows.indexOf(active) === -1 && active !== undefined ? Number(active) || -1 : rows.indexOf(active)}
        control={control}
        rowOf={index => rowOf(rows, index)}
        onActive={index => setActive(rows.row(index)?.id ?? String(index))}
        onOpen={open}
        onEnd={toEnd}
        onPlace={({ atStart }) => {
          if (atStart && !isAtTop.current && rows.waiting > 0) rows.takeIn()
          isAtTop.current = atStart
        }}
        onRange={(first, last) => rows.need(first, last)}
      />
      <p class="list-foot faint" role="status">
        {footOf(rows)}
        {rows.failure !== undefined && rows.failure.status !== 0 && ` · ${rows.failure.message}`}
      </p>
    </div>
  )
}

function footOf(rows: Rows): string {
  const count = `${rows.count.toLocaleString('en')} ${rows.count === 1 ? 'conversation' : 'conversations'}`
  const { searched, hasMore } = rows
  if (searched === undefined) return hasMore ? `${count} so far` : count
  return `${count} found in ${searched.toLocaleString('en')} searched${hasMore ? ' so far' : ''}`
}

function Nothing({ rows, isFiltered }: { readonly rows: Rows; readonly isFiltered: boolean }) {
  if (rows.hasMore) return <p class="loading">Searching … {footOf(rows)}</p>
  if (!isFiltered) {
    return (
      <Empty title="No conversations yet">
        <p>Whatever clients say to a bot through this service is listed here. Start one to see it.</p>
      </Empty>
    )
  }
  return (
    <Empty title="Nothing fits">
      <p>
        {rows.searched === undefined ? '' : `${rows.searched.toLocaleString('en')} conversations were searched. `}
        <a href={href(['conversations'])}>Show all conversations</a>
      </p>
    </Empty>
  )
}

function rowOf(rows: Rows, index: number): WindowRow {
  const row = rows.row(index)
  if (row === undefined) return { key: `at ${index}`, class: 'conversation-row', content: <span class="faint">…</span> }
  const { id, bot, user, preview, count, last } = row
  return {
    key: id,
    class: 'conversation-row',
    content: (
      <>
        <span class="mono row-id">{shortId(id)}</span> <span class="row-bot">{bot}</span>{' '}
        <span class="mono row-user">{user ?? ''}</span> <span class="row-text">{preview}</span>{' '}
        <span class="number row-count">{count.toLocaleString('en')}</span>{' '}
        <span class="row-state">
          <StatePill of={row} />
        </span>{' '}
        <span class="number row-last">
          <Time at={last} as={dayAndClock} />
        </span>
      </>
    ),
  }
}
