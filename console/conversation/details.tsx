/**
 * What is known of one record: the turn it belongs to, the activity, what went to the bot and what came back.
 */
import type { LogRecord, TurnBody } from '../../src/protocol/admin-conversations.ts'
import { problems } from '../../src/protocol/problems.ts'
import { type ApiError, api } from '../api.ts'
import { Failure } from '../parts/dialog.tsx'
import { Pill } from '../parts/pill.tsx'
import { Loading, useLoaded } from '../parts/states.tsx'
import { Tabs } from '../parts/tabs.tsx'
import { duration, Time } from '../parts/time.tsx'
import { href } from '../route.ts'
import { useEffect, useState } from '../ui.ts'
import { RequestTab, ResponseTab } from './exchange.tsx'
import { JsonTree } from './json-tree.tsx'
import type { Log } from './log.ts'
import { directions, isFailed, outcomeOf, summaryOf, typeOf } from './summary.ts'
import { Waterfall, widestOf } from './waterfall.tsx'

/** Which part of a record is looked at. */
export type DetailTab = 'activity' | 'request' | 'response'

/** Everything about the record that is selected. */
export function Details({
  log,
  record,
  bot,
  tab,
  onTab,
  onAgain,
  onEdit,
  again,
}: {
  readonly log: Log
  readonly record: LogRecord
  readonly bot: string
  readonly tab: DetailTab
  onTab(tab: DetailTab): void
  onAgain(): void
  onEdit(): void
  readonly again: { readonly isRunning: boolean; readonly failure: ApiError | undefined }
}) {
  const turns =
    record.dir === 'fromBot'
      ? [log.turnAnswered(record.seq)].filter(turn => turn !== undefined)
      : log.turnsOf(record.seq)
  const [chosen, setChosen] = useState<string | undefined>(undefined)
  const turn = turns.find(({ id }) => id === chosen) ?? turns.at(-1)
  // Whatever is newest is looked at, until somebody chooses an older one.
  useEffect(() => setChosen(undefined), [record.seq, turns.length])
  useEffect(() => {
    if (record.cut) log.readWhole(record.seq).catch(() => undefined)
  }, [record.seq, record.cut])
  const title = summaryOf(record.activity)
  return (
    <div class="details">
      <header class="details-head">
        <h2>
          {directions[record.dir]} {typeOf(record.activity)}
          {title !== '' && <span class="details-title"> “{title}”</span>}
        </h2>
        <p class="faint">
          {record.seq} · <Time at={record.at} /> · {record.bytes.toLocaleString('en')} bytes
          {record.state !== undefined && ` · ${record.state}`}
          {record.of !== undefined && ` · a later version of ${record.of}`}
        </p>
        <div class="row">
          {record.dir !== 'fromBot' && (
            <button type="button" class="button small" disabled={again.isRunning} onClick={onAgain}>
              Send again
            </button>
          )}
          <button type="button" class="button small" onClick={onEdit}>
            Edit and send
          </button>
        </div>
        <Failure of={again.failure} />
      </header>
      {turns.length > 1 && <TurnChoice turns={turns} chosen={turn?.id} onChoose={setChosen} />}
      {turn !== undefined && <Turn key={turn.id} turn={turn} bot={bot} />}
      <Tabs
        label="Parts of the record"
        chosen={tab}
        onChoose={onTab}
        tabs={[
          ['activity', 'Activity'],
          ['request', 'Request'],
          ['response', 'Response'],
        ]}
      >
        {tab === 'activity' ? (
          <JsonTree key={record.seq} name="Activity" value={record.activity} />
        ) : (
          <ExchangeTab turn={turn} part={tab} />
        )}
      </Tabs>
    </div>
  )
}

function TurnChoice({
  turns,
  chosen,
  onChoose,
}: {
  readonly turns: readonly TurnBody[]
  readonly chosen: string | undefined
  onChoose(id: string): void
}) {
  return (
    <fieldset class="turn-choice row">
      <legend class="unseen">Turns of this activity</legend>
      {turns.map((turn, at) => (
        <button
          key={turn.id}
          type="button"
          class="button small"
          aria-pressed={turn.id === chosen}
          onClick={() => onChoose(turn.id)}
        >
          {turn.again ? 'again' : `turn ${at + 1}`} {outcomeOf(turn)}
        </button>
      ))}
    </fieldset>
  )
}

function Turn({ turn, bot }: { readonly turn: TurnBody; readonly bot: string }) {
  const widest = widestOf(turn)
  return (
    <section class="turn" aria-label="Turn">
      <header class="row">
        <h3>Turn</h3>
        <Pill tone={isFailed(turn) ? 'bad' : turn.outcome === 'running' ? 'warn' : 'good'}>{outcomeOf(turn)}</Pill>
        {turn.again && <Pill tone="accent">again</Pill>}
        <span class="quiet">{turn.outcome === 'running' ? 'running' : duration(turn.totalMs)}</span>
        {widest !== undefined && <span class="faint">{widest}</span>}
      </header>
      {turn.spans.length > 0 && <Waterfall turn={turn} />}
      {(isFailed(turn) || turn.problem !== undefined) && <Trouble turn={turn} bot={bot} />}
    </section>
  )
}

/** What is wrong: what was seen, in the bot's own words too, and what to do about it. */
function Trouble({ turn, bot }: { readonly turn: TurnBody; readonly bot: string }) {
  const whole = useWhole(turn)
  const found = useLoaded(`problems ${turn.id}`, api.problems)
  const { problem } = turn
  const now = found.value?.find(({ code, bot: of }) => code === problem && of === bot)
  const { body, error } = whole.value?.exchange ?? {}
  return (
    <div class="trouble">
      <h4>
        {turn.status === undefined ? '' : `HTTP ${turn.status} `}
        {problem === undefined ? turn.outcome : <code>{problem}</code>}
      </h4>
      {problem !== undefined && <p>{problems[problem].means}</p>}
      {error !== undefined && <p class="mono">{error}</p>}
      {body !== undefined && body !== '' && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard
        <pre tabIndex={0}>{body}</pre>
      )}
      {problem !== undefined && <p class="quiet">{problems[problem].remedy}</p>}
      <a class="button small" href={now?.fix?.href ?? href(['bots', bot])}>
        {now?.fix?.label ?? 'Look at the bot'}
      </a>
    </div>
  )
}

function ExchangeTab({ turn, part }: { readonly turn: TurnBody | undefined; readonly part: 'request' | 'response' }) {
  if (turn === undefined) return <p class="faint">No turn of this record is remembered.</p>
  return <Exchanged key={turn.id} turn={turn} part={part} />
}

function Exchanged({ turn, part }: { readonly turn: TurnBody; readonly part: 'request' | 'response' }) {
  const { value, failure } = useWhole(turn)
  if (failure !== undefined) return <p class="faint">{failure.message}</p>
  if (value === undefined) return <Loading what="what went to the bot" />
  const { exchange } = value
  if (exchange === undefined) return <p class="faint">What went to the bot is not kept here.</p>
  return part === 'request' ? <RequestTab exchange={exchange} /> : <ResponseTab exchange={exchange} />
}

/** The turn with what went to the bot and what came back, read again when the turn has ended. */
const useWhole = ({ id, conversation, outcome }: TurnBody) =>
  useLoaded(`turn ${id} ${outcome === 'running'}`, () => api.turn(conversation, id))
