/**
 * One conversation: the chat, its log, and everything about the record that is selected. Whatever is selected in one of
 * the three is selected in the others, and stands in the address.
 */
import type { ConversationBody } from '../../src/protocol/admin-conversations.ts'
import { useTitle } from '../about.ts'
import { api } from '../api.ts'
import { useCell } from '../cell.ts'
import { useKeys } from '../keys.ts'
import { useLive } from '../live.ts'
import { Failure, useAct } from '../parts/dialog.tsx'
import { Show, useLoaded } from '../parts/states.tsx'
import { setQuery, usePlace } from '../route.ts'
import { useEffect, useMemo, useState } from '../ui.ts'
import { Chat } from './chat.tsx'
import { type Column, Columns, useNarrow } from './columns.tsx'
import { Details, type DetailTab } from './details.tsx'
import { EditAndSend } from './edit-send.tsx'
import { Header, useRestart } from './header.tsx'
import { takePart, takesPart } from './joined.ts'
import { Log } from './log.ts'
import { LogList, type LogShow } from './log-list.tsx'
import { OwnChat } from './own-chat.tsx'
import { idOf } from './summary.ts'

/** The screen. */
export function ConversationPage({ id }: { readonly id: string }) {
  useTitle(id.slice(0, 12))
  const loaded = useLoaded(`conversation ${id}`, () => api.conversation(id))
  const { value, put, again } = loaded
  useLive(
    'conversations',
    { conversation: id },
    {
      events: rows => {
        const row = rows.findLast(each => each.id === id)
        if (row === undefined) return
        if (value === undefined) again()
        else put({ ...value, ...row })
      },
      gap: again,
    },
  )
  return (
    <Show what="the conversation" loaded={loaded}>
      {body => <Conversation body={body} put={put} />}
    </Show>
  )
}

function Conversation({ body, put }: { readonly body: ConversationBody; put(body: ConversationBody): void }) {
  const { id, bot } = body
  const { query } = usePlace()
  const isNarrow = useNarrow()
  const { log, version } = useLog(body)
  const selected = numberIn(query.get('a'))
  const record = selected === undefined ? undefined : log.record(selected)
  const [isEditing, setEditing] = useState(false)
  const restart = useRestart(id)
  const again = useAct(async () => {
    if (record !== undefined && record.dir !== 'fromBot') await api.again(id, record.seq)
  })
  useEffect(() => {
    if (selected !== undefined && selected <= log.last) log.need(selected, selected)
  }, [log, selected, log.last])
  useKeys({ r: () => restart.run('same'), a: again.run, e: () => setEditing(true) })

  const select = (seq: number) => setQuery({ a: seq })
  const column = (['chat', 'log', 'details'] as const).find(name => name === query.get('part')) ?? 'chat'
  const onColumn = (part: Column) => setQuery({ part: part === 'chat' ? undefined : part })
  const selectId = (activityId: string) => {
    const seq = log.placeOf(activityId) ?? placeIn(activityId)
    if (seq !== undefined) select(seq)
  }
  return (
    <>
      <Header body={body} restart={restart} onEdit={() => setEditing(true)} />
      <Failure of={restart.failure} />
      <Columns
        isNarrow={isNarrow}
        chosen={column}
        onChoose={onColumn}
        parts={{
          chat: (
            <ChatPane
              body={body}
              put={put}
              log={log}
              version={version}
              selected={selected}
              selectedId={record === undefined ? undefined : idOf(record.activity)}
              onSelect={select}
              onSelectId={selectId}
            />
          ),
          log: (
            <LogList
              log={log}
              version={version}
              isNarrow={isNarrow}
              selected={selected}
              words={query.get('q') ?? ''}
              show={(['messages', 'failed'] as const).find(name => name === query.get('show')) ?? 'all'}
              onSelect={select}
              onOpen={() => {
                if (isNarrow) onColumn('details')
              }}
              onWords={q => setQuery({ q })}
              onShow={(show: LogShow) => setQuery({ show: show === 'all' ? undefined : show })}
            />
          ),
          details:
            record === undefined ? (
              <p class="details-none faint">Select a row of the log to see what is in it and what became of it.</p>
            ) : (
              <Details
                log={log}
                record={record}
                bot={bot}
                tab={(['request', 'response'] as const).find(name => name === query.get('tab')) ?? 'activity'}
                onTab={(tab: DetailTab) => setQuery({ tab: tab === 'activity' ? undefined : tab })}
                again={again}
                onAgain={again.run}
                onEdit={() => setEditing(true)}
              />
            ),
        }}
      />
      {isEditing && (
        <EditAndSend
          conversation={id}
          from={record?.activity}
          sender={record?.dir === 'channel' ? 'channel' : 'user'}
          onClose={() => setEditing(false)}
        />
      )}
    </>
  )
}

/** The conversation's log, kept up with what comes. */
function useLog({ id, count }: ConversationBody): { readonly log: Log; readonly version: number } {
  const log = useMemo(() => new Log(id, count), [id])
  useEffect(() => () => log.close(), [log])
  const [after] = useState(count)
  useLive(
    'records',
    { conversation: id, after },
    {
      events: events => log.add({ records: events.map(({ record }) => record) }),
    },
  )
  useLive('turns', { conversation: id }, { events: turns => log.add({ turns }), gap: log.readAgain })
  return { log, version: useCell(log.version) }
}

function ChatPane({
  body,
  put,
  log,
  version,
  selected,
  selectedId,
  onSelect,
  onSelectId,
}: {
  readonly body: ConversationBody
  put(body: ConversationBody): void
  readonly log: Log
  readonly version: number
  readonly selected: number | undefined
  readonly selectedId: string | undefined
  onSelect(seq: number): void
  onSelectId(activityId: string): void
}) {
  const { id, token, watermark50, state } = body
  const [isIn, setIn] = useState(token !== '' && state !== 'imported' && (state === 'live' || takesPart(id)))
  const joining = { id, token, user: body.user, watermark: watermark50 }
  const renew = () => api.conversation(id).then(put)
  if (isIn) return <Chat joining={joining} selected={selectedId} onSelect={onSelectId} onReload={renew} />
  return (
    <OwnChat
      log={log}
      version={version}
      selected={selected}
      onSelect={onSelect}
      why={token === '' ? 'Its site takes nobody now.' : reasons[state]}
      onContinue={
        token === '' || state === 'imported'
          ? undefined
          : () => {
              takePart(id)
              // The token and the watermark may be old by now.
              renew().then(
                () => setIn(true),
                () => setIn(true),
              )
            }
      }
    />
  )
}

const reasons = {
  live: 'Somebody else talks here.',
  idle: 'Nobody is connected.',
  ended: 'The conversation was ended.',
  imported: 'This conversation was imported: it can only be read.',
} as const

/** A whole number from 1; undefined for anything else that stands in an address. */
function numberIn(text: string | null): number | undefined {
  const number = Number(text)
  return Number.isSafeInteger(number) && number > 0 ? number : undefined
}

/** The place in an activity's id, for one that has not been read: ids end with it. */
const placeIn = (activityId: string): number | undefined => numberIn(/\|(\d+)$/.exec(activityId)?.[1] ?? null)
