/**
 * A secret of a site: hidden, shown for a while, copied, or replaced by a new one.
 */
import type { SiteBody } from '../../../src/protocol/admin.ts'
import { useAbout } from '../../about.ts'
import { api } from '../../api.ts'
import { CopyButton } from '../../parts/copy.tsx'
import { Confirm, Failure, useAct } from '../../parts/dialog.tsx'
import { Ago, dayAndClock, Time } from '../../parts/time.tsx'
import { useEffect, useState } from '../../ui.ts'

/** How long a secret is seen: milliseconds. */
const shownMs = 30_000

/** As wide as a secret, so that nothing moves when one is shown. */
const hidden = '•'.repeat(43)

/** One secret. What is shown is hidden again after half a minute, and when somebody turns to another window. */
export function Secret({
  site,
  number,
  changed,
}: {
  readonly site: SiteBody
  readonly number: 1 | 2
  changed(): void
}) {
  const canReveal = useAbout().features.includes('reveal')
  const [secret, setSecret] = useState<string | undefined>(undefined)
  const [isReplacing, setReplacing] = useState(false)
  const show = useAct(
    () => api.revealSecret(site, number),
    found => setSecret(found.secret),
  )
  useEffect(() => {
    if (secret === undefined) return undefined
    const hide = () => setSecret(undefined)
    const timer = setTimeout(hide, shownMs)
    addEventListener('blur', hide)
    return () => {
      clearTimeout(timer)
      removeEventListener('blur', hide)
    }
  }, [secret])
  const replace = () => {
    // Whoever decides wants to know when it was used, as of now.
    changed()
    setReplacing(true)
  }
  const name = `secret ${number} of ${site.name}`
  const mark = site.secrets[number - 1]
  return (
    <fieldset class="secret-line" aria-label={`Secret ${number} of ${site.name}`}>
      <span class="quiet">Secret {number}</span>
      <code class="secret">
        {secret ?? (
          <>
            <span aria-hidden="true">{hidden}</span>
            <span class="unseen">hidden</span>
          </>
        )}
      </code>
      <span class="row">
        {secret !== undefined ? (
          <button type="button" class="button small" aria-label={`Hide ${name}`} onClick={() => setSecret(undefined)}>
            Hide
          </button>
        ) : (
          canReveal && (
            <button
              type="button"
              class="button small"
              aria-label={`Show ${name}`}
              disabled={show.isRunning}
              onClick={show.run}
            >
              Show
            </button>
          )
        )}
        {(canReveal || secret !== undefined) && (
          <CopyButton
            name={`Copy ${name}`}
            text={() => secret ?? api.revealSecret(site, number).then(found => found.secret)}
          />
        )}
        <button type="button" class="button small" aria-label={`New ${name}`} onClick={replace}>
          New
        </button>
      </span>
      <span class="faint">
        {mark?.lastUsed === undefined ? 'not used since the start' : <>used {<Ago at={mark.lastUsed} />}</>}
      </span>
      <Failure of={show.failure} />
      {isReplacing && (
        <Confirm
          title={`A new secret ${number} for ${site.name} of ${site.bot}?`}
          verb="Make a new one"
          act={async () => {
            const made = await api.regenerateSecret(site, number)
            setSecret(made.secret)
            changed()
          }}
          onClose={() => setReplacing(false)}
        >
          <p>
            Secret {number} was{' '}
            {mark?.lastUsed === undefined ? (
              'not used since Landline was started'
            ) : (
              <>
                last used <Time at={mark.lastUsed} as={dayAndClock} />
              </>
            )}
            . Whoever uses it is refused at once; secret {number === 1 ? 2 : 1} stays valid.
          </p>
        </Confirm>
      )}
    </fieldset>
  )
}
