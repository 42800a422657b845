/**
 * Adds a site to a bot, or changes one. Of a site in the settings only what is switched at work can be changed here.
 */
import type { SiteBody } from '../../../src/protocol/admin.ts'
import { api } from '../../api.ts'
import { Dialog, DialogForm, useAct } from '../../parts/dialog.tsx'
import { Field, Switch, TextField } from '../../parts/field.tsx'
import { useState } from '../../ui.ts'

const fresh = {
  name: '',
  enabled: true,
  v3: true,
  v1: false,
  uploads: true,
  enhancedAuth: false,
  enforceOrigins: false,
  trustedOrigins: [] as readonly string[],
}

/** The dialog. @param site undefined: a new one */
export function EditSite({
  bot,
  site,
  onClose,
  changed,
}: {
  readonly bot: string
  readonly site: SiteBody | undefined
  onClose(): void
  changed(): void
}) {
  const before = site ?? fresh
  const [draft, setDraft] = useState({ ...before, origins: before.trustedOrigins.join('\n') })
  const put = (part: Partial<typeof draft>) => setDraft(now => ({ ...now, ...part }))
  const isOwn = site?.owner !== 'settings'
  const save = () => {
    const { enabled, v3, v1, uploads, enhancedAuth, enforceOrigins } = draft
    const switches = { enabled, v3, v1, uploads }
    const name = draft.name.trim()
    const trustedOrigins = draft.origins.split(/\s+/).filter(Boolean)
    const all = { ...switches, name, enhancedAuth, enforceOrigins, trustedOrigins }
    if (site === undefined) return api.addSite(bot, all)
    return api.changeSite(site, isOwn ? all : switches)
  }
  const act = useAct(save, () => {
    changed()
    onClose()
  })
  return (
    <Dialog title={site === undefined ? `Add a site to ${bot}` : `Edit the site ${site.name}`} onClose={onClose}>
      <DialogForm verb={site === undefined ? 'Add' : 'Save'} act={act} onClose={onClose}>
        {isOwn ? (
          <Field
            label="Name"
            value={draft.name}
            onInput={name => put({ name })}
            required
            autofocus={site === undefined}
          />
        ) : (
          <p class="quiet">This site is written in the settings. What can be switched at work can be changed here.</p>
        )}
        <fieldset>
          <Switch label="On" checked={draft.enabled} onChange={enabled => put({ enabled })} />
          <Switch label="Direct Line 3.0" checked={draft.v3} onChange={v3 => put({ v3 })} />
          <Switch label="Direct Line 1.1" checked={draft.v1} onChange={v1 => put({ v1 })} />
          <Switch label="Uploads" checked={draft.uploads} onChange={uploads => put({ uploads })} />
          {isOwn && (
            <Switch
              label="Enhanced authentication"
              hint="Tokens must name their user; user ids begin with dl_."
              checked={draft.enhancedAuth}
              onChange={enhancedAuth => put({ enhancedAuth })}
            />
          )}
        </fieldset>
        {isOwn && (
          <>
            <TextField
              label="Trusted origins"
              hint="One to a line, such as https://www.example.org. None: any."
              value={draft.origins}
              onInput={origins => put({ origins })}
              rows={3}
              mono
            />
            <Switch
              label="Refuse pages of other origins"
              checked={draft.enforceOrigins}
              onChange={enforceOrigins => put({ enforceOrigins })}
            />
          </>
        )}
      </DialogForm>
    </Dialog>
  )
}
