/**
 * A conversation that nobody talks in now, in our own words: texts, names of what was attached, what was suggested.
 */
import type { LogRecord } from '../../src/protocol/admin-conversations.ts'
import { Time } from '../parts/time.tsx'
import { useEffect, useRef, useState } from '../ui.ts'
import type { Log } from './log.ts'
import { attachmentsOf, suggestionsOf, typeOf } from './summary.ts'

/** Messages shown at first, and with each asking for more. */
const step = 50
/** Messages shown at most: the log has them all. */
const messagesMax = 300

/** The conversation, newest messages at the end. */
export function OwnChat({
  log,
  version,
  selected,
  onSelect,
  onContinue,
  why,
}: {
  readonly log: Log
  /** Changes with the log. */
  readonly version: number
  readonly selected: number | undefined
  onSelect(seq: number): void
  /** Undefined where nobody can take part. */
  readonly onContinue: (() => void) | undefined
  /** Why there is no chat here. */
  readonly why: string
}) {
  const [wanted, setWanted] = useState(step)
  const end = useRef<HTMLLIElement>(null)
  const first = Math.max(1, log.last - wanted + 1)
  useEffect(() => {
    if (log.last > 0) log.need(first, log.last)
  }, [log, first, log.last])
  const isRead = log.size > 0
  useEffect(() => {
    if (isRead) end.current?.scrollIntoView({ block: 'end' })
  }, [isRead, log.last])
  useEffect(() => {
    document.querySelector('.own-chat [aria-current=true]')?.scrollIntoView({ block: 'nearest' })
  }, [selected])
  const said: LogRecord[] = []
  for (let seq = first; seq <= log.last; seq += 1) {
    const record = log.record(seq)
    if (record !== undefined && record.state === undefined && typeOf(record.activity) === 'message') said.push(record)
  }
  return (
    <div class="own-chat" data-version={version}>
      <ol aria-label="Messages">
        {first > 1 && wanted < messagesMax && (
          <li class="own-more">
            <button type="button" class="button small" onClick={() => setWanted(now => now + step)}>
              Show earlier
            </button>
          </li>
        )}
        {said.map(record => (
          <Message key={record.seq} record={record} isSelected={record.seq === selected} onSelect={onSelect} />
        ))}
        <li ref={end} aria-hidden="true" />
      </ol>
      <footer class="own-foot">
        <p class="faint">{why}</p>
        {onContinue !== undefined && (
          <button type="button" class="button primary" onClick={onContinue}>
            Continue chatting
          </button>
        )}
      </footer>
    </div>
  )
}

function Message({
  record: { seq, activity, dir, at },
  isSelected,
  onSelect,
}: {
  readonly record: LogRecord
  readonly isSelected: boolean
  onSelect(seq: number): void
}) {
  const text = typeof activity['text'] === 'string' ? activity['text'] : ''
  const suggestions = suggestionsOf(activity)
  return (
    <li class={dir === 'fromBot' ? 'said by-bot' : 'said by-user'}>
      <button type="button" class="bubble" aria-current={isSelected} onClick={() => onSelect(seq)}>
        <span class="unseen">{dir === 'fromBot' ? 'Bot: ' : 'User: '}</span>
        {text !== '' && <span class="bubble-text">{text}</span>}
        {attachmentsOf(activity).map((name, index) => (
          // Two files of one name may hang on one message.
          <span key={`${name}-${index}`} class="bubble-part">
            {name}
          </span>
        ))}
        {suggestions.length > 0 && <span class="bubble-part">{suggestions.join(' · ')}</span>}
      </button>
      <span class="faint said-at">
        <Time at={at} />
      </span>
    </li>
  )
}
