/**
 * The sites of a bot: who may connect through each, and with which secrets.
 */
import type { BotBody, SiteBody } from '../../../src/protocol/admin.ts'
import { api } from '../../api.ts'
import { Confirm } from '../../parts/dialog.tsx'
import { Pill } from '../../parts/pill.tsx'
import { type Loaded, Show } from '../../parts/states.tsx'
import { href } from '../../route.ts'
import { useState } from '../../ui.ts'
import { EditSite } from './edit-site.tsx'
import { Secret } from './secret.tsx'

/** The list. */
export function Sites({ bot, loaded }: { readonly bot: BotBody; readonly loaded: Loaded<readonly SiteBody[]> }) {
  const [isAdding, setAdding] = useState(false)
  return (
    <section aria-labelledby="sites">
      <header class="section-head">
        <h2 id="sites">Sites</h2>
        {bot.owner === 'store' && (
          <button type="button" class="button small" onClick={() => setAdding(true)}>
            Add site
          </button>
        )}
      </header>
      <Show what="the sites" loaded={loaded}>
        {sites => (
          <>
            {sites.length === 0 && <p class="quiet">No site: nobody can connect to this bot.</p>}
            {sites.map(site => (
              <SiteBlock key={site.id} site={site} again={loaded.again} isLast={sites.length === 1} />
            ))}
          </>
        )}
      </Show>
      {isAdding && <EditSite bot={bot.id} site={undefined} onClose={() => setAdding(false)} changed={loaded.again} />}
    </section>
  )
}

function SiteBlock({ site, again, isLast }: { readonly site: SiteBody; again(): void; readonly isLast: boolean }) {
  const [open, setOpen] = useState<'edit' | 'remove' | undefined>(undefined)
  const close = () => setOpen(undefined)
  return (
    <section class="site" aria-label={`Site ${site.name}`}>
      <header class="row">
        <h3>{site.name}</h3>
        <Pill tone={site.enabled ? 'good' : 'quiet'}>{site.enabled ? 'on' : 'off'}</Pill>
        <div class="row grow end">
          <a class="button small plain" href={href(['connect'], { bot: site.bot, site: site.id })}>
            Connect
          </a>
          <button type="button" class="button small" aria-label={`Edit ${site.name}`} onClick={() => setOpen('edit')}>
            Edit
          </button>
          {site.owner === 'store' && !isLast && (
            <button
              type="button"
              class="button small danger"
              aria-label={`Remove ${site.name}`}
              onClick={() => setOpen('remove')}
            >
              Remove
            </button>
          )}
        </div>
      </header>
      <div class="secrets">
        <Secret site={site} number={1} changed={again} />
        <Secret site={site} number={2} changed={again} />
      </div>
      <dl class="switches">
        {switchesOf(site).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {open === 'edit' && <EditSite bot={site.bot} site={site} onClose={close} changed={again} />}
      {open === 'remove' && (
        <Confirm
          title={`Remove the site ${site.name} of ${site.bot}?`}
          verb="Remove"
          act={() => api.removeSite(site).then(again)}
          onClose={close}
        >
          <p>Both of its secrets and all of its tokens stop working at once. Clients that are connected are cut off.</p>
        </Confirm>
      )}
    </section>
  )
}

const onOff = (isOn: boolean): string => (isOn ? 'on' : 'off')

const switchesOf = (site: SiteBody): readonly (readonly [string, string])[] => [
  ['v3', onOff(site.v3)],
  ['v1', onOff(site.v1)],
  ['uploads', onOff(site.uploads)],
  ['enhanced auth', onOff(site.enhancedAuth)],
  [
    'origins',
    site.trustedOrigins.length === 0
      ? 'any'
      : `${site.trustedOrigins.join(', ')}${site.enforceOrigins ? ', enforced' : ''}`,
  ],
]
