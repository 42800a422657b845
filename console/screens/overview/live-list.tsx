/**
 * The newest activities of all conversations, as they pass. Still while the pointer or the focus is on it: nobody can
 * click on what moves away.
 */
import type { LiveEvents } from '../../../src/protocol/admin-live.ts'
import { summaryOf, typeOf } from '../../conversation/summary.ts'
import { useLive } from '../../live.ts'
import { Time } from '../../parts/time.tsx'
import { href } from '../../route.ts'
import { useRef, useState } from '../../ui.ts'

type Passed = LiveEvents['records']

const rowsMax = 12

/** The list. */
export function LiveList() {
  const [rows, setRows] = useState<readonly Passed[]>([])
  const [isHeld, setHeld] = useState(false)
  const [waiting, setWaiting] = useState(0)
  const held = useRef<Passed[]>([])
  const add = (newer: readonly Passed[]) => setRows(older => [...older, ...newer].slice(-rowsMax))
  useLive(
    'records',
    {},
    {
      events: events => {
        if (!isHeld) {
          add(events)
          return
        }
        held.current = [...held.current, ...events].slice(-rowsMax)
        setWaiting(count => count + events.length)
      },
    },
  )
  const hold = () => setHeld(true)
  const release = (event: { readonly currentTarget: HTMLElement }) => {
    if (event.currentTarget.matches(':hover, :focus-within')) return
    setHeld(false)
    add(held.current)
    held.current = []
    setWaiting(0)
  }
  return (
    <section
      aria-labelledby="live"
      onPointerEnter={hold}
      onPointerLeave={release}
      onFocusIn={hold}
      onFocusOut={({ currentTarget }) => setTimeout(() => release({ currentTarget }), 0)}
    >
      <header class="section-head">
        <h2 id="live">Live</h2>
        {isHeld && <span class="faint">paused{waiting > 0 && `, ${waiting.toLocaleString('en')} new`}</span>}
      </header>
      {rows.length === 0 && <p class="calm faint">Messages show here as they pass.</p>}
      <ol class="passing" hidden={rows.length === 0}>
        {rows.map(({ conversation, bot, record }) => (
          <li key={`${conversation} ${record.seq}`}>
            <a href={href(['conversations', conversation], { a: record.seq })}>
              <Time at={record.at} />
              <Direction dir={record.dir} bot={bot} />
              <span class="mono faint">{conversation.slice(0, 6)}</span>
              <span class="passing-text">{summaryOf(record.activity) || <i>{typeOf(record.activity)}</i>}</span>
            </a>
          </li>
        ))}
      </ol>
    </section>
  )
}

const directions = { toBot: ['→', 'to'], fromBot: ['←', 'from'], channel: ['·', 'channel to'] } as const

/** Which way an activity went: an arrow, and a word for who does not see it. */
function Direction({ dir, bot }: { readonly dir: Passed['record']['dir']; readonly bot: string }) {
  const [arrow, name] = directions[dir]
  return (
    <span class={`way way-${dir}`}>
      <span aria-hidden="true">{arrow} </span>
      <span class="unseen">{name} </span>
      {bot}
    </span>
  )
}
