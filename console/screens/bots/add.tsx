/**
 * Adds a bot: its endpoint is all that is asked.
 */
import { api } from '../../api.ts'
import { Dialog, DialogForm, useAct } from '../../parts/dialog.tsx'
import { Field } from '../../parts/field.tsx'
import { go, href } from '../../route.ts'
import { useState } from '../../ui.ts'

/** The dialog. Goes to the bot when it is there. */
export function AddBot({ onClose, added }: { onClose(): void; added(): void }) {
  const [endpoint, setEndpoint] = useState('')
  const act = useAct(
    () => api.addBot({ endpoint: endpoint.trim() }),
    ({ id }) => {
      onClose()
      added()
      go(href(['bots', id]))
    },
  )
  const whole = withPath(endpoint.trim())
  return (
    <Dialog title="Add bot" onClose={onClose}>
      <DialogForm verb="Add" act={act} onClose={onClose}>
        <Field
          label="Messaging endpoint"
          value={endpoint}
          onInput={setEndpoint}
          mono
          autofocus
          required
          placeholder="http://localhost:3978/api/messages"
          hint={
            whole === undefined ? (
              'The name comes from the host and the path. Everything else can be changed later.'
            ) : (
              <>
                Most bots listen on a path.{' '}
                <button type="button" class="link" onClick={() => setEndpoint(whole)}>
                  Use {whole}
                </button>
              </>
            )
          }
        />
      </DialogForm>
    </Dialog>
  )
}

/** The endpoint with the path most SDKs listen on, where none was given. */
function withPath(text: string): string | undefined {
  const url = URL.parse(text)
  const isBare = url !== null && /^https?:$/.test(url.protocol) && url.host !== '' && url.pathname === '/'
  return isBare ? new URL('/api/messages', url).href : undefined
}
