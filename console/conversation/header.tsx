/**
 * The line above a conversation: which one it is, how it stands, and what can be done with it as a whole.
 */
import type { ConversationBody, ConversationRow } from '../../src/protocol/admin-conversations.ts'
import { type ApiError, api } from '../api.ts'
import { CopyButton } from '../parts/copy.tsx'
import { Confirm, useAct } from '../parts/dialog.tsx'
import { Menu } from '../parts/menu.tsx'
import { Pill, type Tone } from '../parts/pill.tsx'
import { go, href } from '../route.ts'
import { useRef, useState } from '../ui.ts'
import { takePart } from './joined.ts'

/** Characters of an id that tell conversations apart for people. */
const idShown = 12

/** The beginning of an id. */
export const shortId = (id: string): string => id.slice(0, idShown)

/** Beginning anew with the same bot. */
export type Restart = { run(user: 'same' | 'new'): void; readonly failure: ApiError | undefined }

/** Begins a new conversation like this one, and goes there. */
export function useRestart(id: string): Restart {
  const user = useRef<'same' | 'new'>('same')
  const { run, failure } = useAct(
    () => api.restart(id, user.current),
    ({ conversationId }) => {
      takePart(conversationId)
      go(href(['conversations', conversationId]))
    },
  )
  return {
    failure,
    run: who => {
      user.current = who
      run()
    },
  }
}

const tones: Readonly<Record<ConversationRow['state'], readonly [Tone, string]>> = {
  live: ['good', 'Connected'],
  idle: ['quiet', 'Idle'],
  ended: ['quiet', 'Ended'],
  imported: ['quiet', 'Imported'],
}

/** How a conversation stands: a word, and how many turns failed if any did. */
export function StatePill({ of: { state, failed } }: { readonly of: Pick<ConversationRow, 'state' | 'failed'> }) {
  const [tone, word] = tones[state]
  return (
    <>
      <Pill tone={tone}>{word}</Pill>
      {failed > 0 && <Pill tone="bad">{failed} failed</Pill>}
    </>
  )
}

/** The line. */
export function Header({
  body,
  restart,
  onEdit,
}: {
  readonly body: ConversationBody
  readonly restart: Restart
  onEdit(): void
}) {
  const { id, user, bot, trace } = body
  const [isDeleting, setDeleting] = useState(false)
  return (
    <header class="conversation-head">
      <a class="back" href={href(['conversations'])} aria-label="Back to the conversations">
        ←
      </a>
      <h1 class="mono" title={id}>
        {shortId(id)}
      </h1>
      <CopyButton text={id} name="Copy the conversation's id" />
      {user !== undefined && (
        <span class="head-user mono" title={`User ${user}`}>
          {user}
        </span>
      )}
      <a class="head-bot" href={href(['bots', bot])}>
        {bot}
      </a>
      <span class="head-state">
        <StatePill of={body} />
        {trace && <Pill tone="accent">Trace</Pill>}
      </span>
      <span class="head-actions">
        <Menu
          label="Restart ▾"
          name="Restart"
          items={[
            { name: 'Same user', act: () => restart.run('same') },
            { name: 'New user', act: () => restart.run('new') },
          ]}
        />
        <Menu
          label="⋯"
          name="More"
          items={[
            { name: 'Edit and send …', act: onEdit },
            { name: 'Delete …', danger: true, act: () => setDeleting(true) },
          ]}
        />
      </span>
      {isDeleting && (
        <Confirm
          title={`Delete conversation ${shortId(id)}?`}
          verb="Delete"
          act={() => api.deleteConversation(id).then(() => go(href(['conversations']), { replace: true }))}
          onClose={() => setDeleting(false)}
        >
          <p>
            {body.count === 1 ? 'Its one activity' : `Its ${body.count.toLocaleString('en')} activities`} and its files
            are erased for good, and every window that shows it is closed.
          </p>
        </Confirm>
      )}
    </header>
  )
}
