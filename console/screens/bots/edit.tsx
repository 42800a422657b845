/**
 * Changes a bot.
 */
import type { BotBody, BotChange } from '../../../src/protocol/admin.ts'
import { useAbout } from '../../about.ts'
import { api } from '../../api.ts'
import { CopyButton } from '../../parts/copy.tsx'
import { Dialog, DialogForm, useAct } from '../../parts/dialog.tsx'
import { Field, Select, Switch } from '../../parts/field.tsx'
import { useState } from '../../ui.ts'

/** The dialog. A password that the service has made is shown once, here. */
export function EditBot({ bot, onClose, changed }: { readonly bot: BotBody; onClose(): void; changed(): void }) {
  const { mode } = useAbout()
  const [draft, setDraft] = useState(() => draftOf(bot))
  const [password, setPassword] = useState<string | undefined>(undefined)
  const put = (part: Partial<typeof draft>) => setDraft(before => ({ ...before, ...part }))
  const act = useAct(
    () => api.changeBot(bot.id, changeOf(draft, bot)),
    answer => {
      changed()
      if (answer.appPassword === undefined) onClose()
      else setPassword(answer.appPassword)
    },
  )
  if (password !== undefined) return <Made password={password} onClose={onClose} />
  return (
    <Dialog title={`Edit ${bot.name}`} onClose={onClose} wide>
      <DialogForm verb="Save" act={act} onClose={onClose}>
        <div class="columns">
          <Field label="Name" value={draft.name} onInput={name => put({ name })} required />
          <Field
            label="Messaging endpoint"
            value={draft.endpoint}
            onInput={endpoint => put({ endpoint })}
            mono
            required
          />
          <Select
            label="Schema"
            value={draft.schema}
            onChange={schema => put({ schema })}
            options={[
              ['v3', 'v3: activities'],
              ['v1', 'v1: messages of 2016'],
            ]}
          />
          <Select
            label="Tokens come from"
            value={draft.authority}
            onChange={authority => put({ authority })}
            options={[
              ['landline', 'Landline'],
              ['microsoft', 'Microsoft’s public cloud'],
              ['none', 'nobody: unsigned'],
            ]}
          />
          <Field
            label="App id"
            value={draft.appId}
            onInput={appId => put({ appId })}
            mono
            hint="Empty: what the bot is sent is unsigned."
          />
          <Field
            label="App password"
            type="password"
            value={draft.appPassword}
            onInput={appPassword => put({ appPassword })}
            mono
            autocomplete="new-password"
            hint={bot.hasPassword ? 'Kept as it is unless you write another.' : 'Empty: one is made, and shown once.'}
          />
          <Field label="Tenant" value={draft.tenantId} onInput={tenantId => put({ tenantId })} mono />
          <Field
            label="Time for a turn, in seconds"
            type="number"
            min={0.1}
            value={draft.seconds}
            onInput={seconds => put({ seconds })}
          />
        </div>
        <fieldset>
          <Switch
            label="Expects replies"
            hint="The bot answers in the body of the turn instead of calling back."
            checked={draft.expectReplies}
            onChange={expectReplies => put({ expectReplies })}
          />
          <Switch
            label="May update and delete what it has sent"
            checked={draft.updates}
            onChange={updates => put({ updates })}
          />
          <Switch
            label="Show what users send only after the bot’s turn"
            checked={draft.echo === 'after'}
            onChange={isAfter => put({ echo: isAfter ? 'after' : 'before' })}
          />
          {(mode === 'dev' || bot.allowSelfSigned) && (
            <Switch
              label="Take any certificate"
              hint="For development: whoever is between us and the bot can read and change everything."
              checked={draft.allowSelfSigned}
              onChange={allowSelfSigned => put({ allowSelfSigned })}
            />
          )}
        </fieldset>
      </DialogForm>
    </Dialog>
  )
}

function Made({ password, onClose }: { readonly password: string; onClose(): void }) {
  return (
    <Dialog title="The app password" onClose={onClose}>
      <p>It was made just now, and is not shown again. The bot needs it, with the app id.</p>
      <p class="row">
        <code class="secret">{password}</code> <CopyButton text={password} name="Copy the app password" />
      </p>
      <footer class="row end">
        <button type="button" class="button" onClick={onClose}>
          Close
        </button>
      </footer>
    </Dialog>
  )
}

const draftOf = (bot: BotBody) => ({
  name: bot.name,
  endpoint: bot.endpoint,
  schema: bot.schema,
  authority: bot.authority,
  appId: bot.appId ?? '',
  appPassword: '',
  tenantId: bot.tenantId ?? '',
  seconds: String(bot.timeoutMs / 1000),
  expectReplies: bot.expectReplies,
  updates: bot.updates,
  echo: bot.echo,
  allowSelfSigned: bot.allowSelfSigned,
})

/** Only what is another than before: the service checks what belongs together. */
function changeOf(draft: ReturnType<typeof draftOf>, bot: BotBody): BotChange {
  const before = draftOf(bot)
  const orNull = (text: string) => (text.trim() === '' ? null : text.trim())
  const all: BotChange = {
    name: draft.name.trim(),
    endpoint: draft.endpoint.trim(),
    schema: draft.schema,
    authority: draft.authority,
    appId: orNull(draft.appId),
    appPassword: orNull(draft.appPassword),
    tenantId: orNull(draft.tenantId),
    timeoutMs: Math.round(Number(draft.seconds) * 1000),
    expectReplies: draft.expectReplies,
    updates: draft.updates,
    echo: draft.echo,
    allowSelfSigned: draft.allowSelfSigned,
  }
  const isChanged = (name: string) => {
    const field = (name === 'timeoutMs' ? 'seconds' : name) as keyof typeof draft
    return draft[field] !== before[field]
  }
  return Object.fromEntries(Object.entries(all).filter(([name]) => isChanged(name)))
}
