/**
 * Whether somebody has connected since the screen was opened.
 */
import type { ConversationRow, ConversationsBody } from '../../../src/protocol/admin-conversations.ts'
import { useNothingYet } from '../../about.ts'
import { api } from '../../api.ts'
import { useLive } from '../../live.ts'
import { Pill } from '../../parts/pill.tsx'
import { useLoaded } from '../../parts/states.tsx'
import { shortClock, Time } from '../../parts/time.tsx'
import { href } from '../../route.ts'
import { useEffect, useState } from '../../ui.ts'

/** Conversations that are looked at again, where changes of them may have been missed. */
const rowsMax = 20

const nothing: ConversationsBody = { items: [] }

/** *Waiting for the first call*, until there is one. @param of undefined: whichever bot and site */
export function FirstCall({
  of: wanted,
}: {
  readonly of?: { readonly bot: string; readonly site: string } | undefined
}) {
  const bot = wanted?.bot
  const hasNothing = useNothingYet()
  // What happens after the newest that had happened before happens while somebody looks: no clock is asked.
  const [newest, setNewest] = useState<string | undefined>(hasNothing ? '' : undefined)
  const [row, setRow] = useState<ConversationRow | undefined>(undefined)
  const { value, again } = useLoaded(`newest ${bot}`, () =>
    hasNothing ? Promise.resolve(nothing) : api.conversations({ bot, limit: rowsMax }),
  )
  const look = (rows: readonly ConversationRow[]) => {
    if (newest === undefined) return
    const mine = rows.find(({ site, last }) => last > newest && (wanted === undefined || site === wanted.site))
    if (mine !== undefined) setRow(mine)
  }
  useLive('conversations', { bot }, { events: look, gap: again })
  useEffect(() => {
    if (value === undefined) return
    if (newest === undefined) setNewest(value.items[0]?.last ?? '')
    else look(value.items)
  }, [value])
  if (newest === undefined) return null
  return (
    <p class="first-call" role="status">
      {row === undefined ? (
        <Pill tone="quiet">Waiting for the first call …</Pill>
      ) : (
        <>
          <Pill tone="good">
            Connected{row.agent !== undefined && ` from ${row.agent}`} at <Time at={row.last} as={shortClock} />
          </Pill>
          <a href={href(['conversations', row.id])}>
            Open <code>{row.id.slice(0, 12)}</code>
          </a>
        </>
      )}
    </p>
  )
}
