/**
 * Whether somebody has connected since the screen was opened.
 */
import type { ConversationRow } from '../../../src/protocol/admin-conversations.ts'
import { useLive } from '../../live.ts'
import { Pill } from '../../parts/pill.tsx'
import { shortClock, Time } from '../../parts/time.tsx'
import { href } from '../../route.ts'
import { useState } from '../../ui.ts'

/** *Waiting for the first call*, until there is one. @param of undefined: whichever bot and site */
export function FirstCall({
  of: wanted,
}: {
  readonly of?: { readonly bot: string; readonly site: string } | undefined
}) {
  const [openedAt] = useState(() => new Date().toISOString())
  const [row, setRow] = useState<ConversationRow | undefined>(undefined)
  useLive('conversations', wanted === undefined ? {} : { bot: wanted.bot }, {
    events: rows => {
      const mine = rows.findLast(({ site, last }) => (wanted === undefined || site === wanted.site) && last >= openedAt)
      if (mine !== undefined) setRow(mine)
    },
  })
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
