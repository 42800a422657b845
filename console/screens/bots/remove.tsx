/**
 * Removes a bot, with or without the conversations it has had.
 */
import type { BotBody } from '../../../src/protocol/admin.ts'
import { api } from '../../api.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { Switch } from '../../parts/field.tsx'
import { go, href } from '../../route.ts'
import { useState } from '../../ui.ts'

/** The dialog. */
export function RemoveBot({ bot, onClose, removed }: { readonly bot: BotBody; onClose(): void; removed(): void }) {
  const [isAll, setAll] = useState(false)
  const remove = async () => {
    await api.removeBot(bot.id, isAll ? 'delete' : 'keep')
    go(href(['bots']), { replace: true })
    removed()
  }
  return (
    <Confirm title={`Remove the bot ${bot.name}?`} verb="Remove" act={remove} onClose={onClose}>
      <p>Its sites, their secrets and all tokens stop working at once. Clients that are connected are cut off.</p>
      <Switch
        label="Delete its conversations too"
        hint="Otherwise they can still be read here until they expire."
        checked={isAll}
        onChange={setAll}
      />
    </Confirm>
  )
}
