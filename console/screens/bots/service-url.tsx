/**
 * The address a bot is told to answer at: ours, as it looks from where the bot runs.
 */
import type { BotBody } from '../../../src/protocol/admin.ts'
import { useAbout } from '../../about.ts'
import { api } from '../../api.ts'
import { Dialog, DialogForm, useAct } from '../../parts/dialog.tsx'
import { Field } from '../../parts/field.tsx'
import { useState } from '../../ui.ts'

type Preset = { readonly name: string; readonly host: string | undefined; readonly hint: string }

const presets: readonly Preset[] = [
  { name: 'This machine', host: undefined, hint: 'The public URL, as everybody else is told.' },
  {
    name: 'Docker',
    host: 'host.docker.internal',
    hint: 'The name by which a container finds the machine it runs on. On Linux start the container with --add-host=host.docker.internal:host-gateway, and Landline with --host 0.0.0.0.',
  },
  {
    name: 'WSL',
    host: 'WINDOWS-ADDRESS',
    hint: 'A bot in WSL finds Windows at the address that "ip route show default" prints there, unless its network is mirrored: then it is this machine. Start Landline with --host 0.0.0.0.',
  },
  {
    name: 'Other machine',
    host: 'THIS-MACHINE',
    hint: 'The name or address by which the other machine finds this one. Start Landline with --host 0.0.0.0.',
  },
]

/** The dialog. */
export function ServiceUrl({ bot, onClose, changed }: { readonly bot: BotBody; onClose(): void; changed(): void }) {
  const { publicUrl } = useAbout()
  const [address, setAddress] = useState(bot.serviceUrl ?? '')
  const [hint, setHint] = useState('Empty: the public URL.')
  const act = useAct(
    () => api.changeBot(bot.id, { serviceUrl: address.trim() === '' ? null : address.trim() }),
    () => {
      changed()
      onClose()
    },
  )
  const take = ({ host, hint: said }: Preset) => {
    setAddress(host === undefined ? '' : withHost(publicUrl, host))
    setHint(said)
  }
  return (
    <Dialog title={`Where ${bot.name} answers`} onClose={onClose}>
      <DialogForm verb="Save" act={act} onClose={onClose}>
        <p class="quiet">The bot sends its replies to this address. It must lead here from where the bot runs.</p>
        <fieldset class="row" aria-label="The bot runs in">
          {presets.map(preset => (
            <button
              key={preset.name}
              type="button"
              class="button small"
              aria-pressed={preset.hint === hint}
              onClick={() => take(preset)}
            >
              {preset.name}
            </button>
          ))}
        </fieldset>
        <Field
          label="Told to answer at"
          value={address}
          onInput={setAddress}
          mono
          placeholder={publicUrl}
          hint={hint}
        />
      </DialogForm>
    </Dialog>
  )
}

/** The address with another host: the port stays. Written by hand, because the host may be a word to be replaced. */
const withHost = (address: string, host: string): string => {
  const url = URL.parse(address)
  return url === null ? address : `http://${host}${url.port === '' ? '' : `:${url.port}`}`
}
