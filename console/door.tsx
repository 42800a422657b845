/**
 * The door: a field for the key, and where the key is found.
 */

import { useTitle } from './about.ts'
import { api } from './api.ts'
import { useCell } from './cell.ts'
import { linkRefused } from './key-link.ts'
import { asApiError } from './parts/dialog.tsx'
import { Field } from './parts/field.tsx'
import { Mark } from './parts/mark.tsx'
import { useState } from './ui.ts'

/** Shown where the service lets nobody in who has not shown the key. */
export function Door() {
  useTitle('Sign in')
  const [key, setKey] = useState('')
  const [refusal, setRefusal] = useState<string | undefined>(undefined)
  const inLink = useCell(linkRefused)
  const error = refusal ?? inLink
  const [isTrying, setTrying] = useState(false)
  const open = (event: Event) => {
    event.preventDefault()
    if (key.trim() === '' || isTrying) return
    setTrying(true)
    api
      .login(key.trim())
      .then(() => linkRefused.set(undefined))
      .catch(thrown => {
        const failure = asApiError(thrown)
        setRefusal(failure.status === 401 ? 'This is not the key of this service.' : failure.message)
      })
      .finally(() => setTrying(false))
  }
  return (
    <main class="door">
      <h1>
        <Mark /> Landline
      </h1>
      <form onSubmit={open}>
        <Field
          label="Admin key"
          type="password"
          mono
          autofocus
          value={key}
          onInput={setKey}
          error={error}
          autocomplete="current-password"
        />
        {error !== undefined && (
          <span class="unseen" role="alert">
            {error}
          </span>
        )}
        <button type="submit" class="button primary" disabled={isTrying}>
          Open the console
        </button>
      </form>
      <p class="quiet">
        Landline prints the key when it starts, in the link to this page. On the machine it runs on,{' '}
        <code>landline dev</code> prints it again; elsewhere it is the setting <code>admin.key</code>, or the variable{' '}
        <code>LANDLINE_ADMIN_KEY</code>.
      </p>
    </main>
  )
}
