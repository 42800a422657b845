/**
 * The button that starts a conversation and goes there: at once where there is one bot, else after asking with which.
 */
import type { BotBody } from '../../src/protocol/admin.ts'
import { api } from '../api.ts'
import { takePart } from '../conversation/joined.ts'
import { go, href } from '../route.ts'
import { type ComponentChildren, useState } from '../ui.ts'
import { Dialog, DialogForm, Failure, useAct } from './dialog.tsx'
import { Field, Select } from './field.tsx'

/** @param bot with this bot, whatever others there are */
export function NewConversation({
  bot,
  class: look = 'button primary',
  children = 'New conversation',
}: {
  readonly bot?: string | undefined
  readonly class?: string
  readonly children?: ComponentChildren
}) {
  const [choice, setChoice] = useState<readonly BotBody[] | undefined>(undefined)
  const begin = async () => {
    const bots = bot === undefined ? await api.bots() : []
    if (bots.length > 1) setChoice(bots)
    else await start(bot ?? bots[0]?.id ?? '')
  }
  const { run, isRunning, failure } = useAct(begin)
  return (
    <>
      <button type="button" class={look} disabled={isRunning} onClick={run}>
        {children}
      </button>
      <Failure of={failure} />
      {choice !== undefined && <Choose bots={choice} onClose={() => setChoice(undefined)} />}
    </>
  )
}

async function start(bot: string, user = ''): Promise<void> {
  const started = await api.startConversation({ bot, ...(user === '' ? {} : { user }) })
  takePart(started.conversationId)
  go(href(['conversations', started.conversationId]))
}

function Choose({ bots, onClose }: { readonly bots: readonly BotBody[]; onClose(): void }) {
  const [bot, setBot] = useState(bots[0]?.id ?? '')
  const [user, setUser] = useState('')
  const act = useAct(() => start(bot, user.trim()))
  return (
    <Dialog title="New conversation" onClose={onClose}>
      <DialogForm verb="Start" act={act} onClose={onClose}>
        <Select label="Bot" value={bot} onChange={setBot} options={bots.map(({ id, name }) => [id, name])} />
        <Field
          label="User id"
          value={user}
          onInput={setUser}
          mono
          hint="Empty: a new user, whose id begins with dl_."
        />
      </DialogForm>
    </Dialog>
  )
}
