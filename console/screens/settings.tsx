/**
 * Settings: those of the service and where each comes from, those of this browser, and what this is made of.
 */
import type { SettingBody } from '../../src/protocol/admin.ts'
import { useAbout, useTitle } from '../about.ts'
import { api } from '../api.ts'
import { useCell } from '../cell.ts'
import { KeyTable } from '../key-list.tsx'
import { Select, Switch } from '../parts/field.tsx'
import { Show, useLoaded } from '../parts/states.tsx'
import { dayAndClock, Time } from '../parts/time.tsx'
import { keysAre, theme } from '../preferences.ts'
import { Licences } from './settings/licences.tsx'

/** The screen. */
export function Settings() {
  useTitle('Settings')
  const settings = useLoaded('settings', api.settings)
  return (
    <>
      <header class="title">
        <h1>Settings</h1>
        <button type="button" class="button" onClick={() => api.logout().catch(() => undefined)}>
          Log out
        </button>
      </header>
      <div class="settings">
        <section aria-labelledby="effective">
          <header class="section-head">
            <h2 id="effective">In effect</h2>
            <span class="faint">flag before environment before file before default</span>
          </header>
          <Show what="the settings" loaded={settings}>
            {lines => <Effective lines={lines} />}
          </Show>
        </section>
        <div class="aside">
          <ThisBrowser />
          <AboutService />
          <Licences />
        </div>
      </div>
    </>
  )
}

const origins = { default: 'default', file: 'file', env: 'environment', flag: 'flag' } as const

function Effective({ lines }: { readonly lines: readonly SettingBody[] }) {
  if (lines.length === 0) return <p class="quiet">This service was started by a program, which gave its settings.</p>
  return (
    <table class="table effective">
      <thead>
        <tr>
          <th>Name</th>
          <th>Value</th>
          <th>From</th>
        </tr>
      </thead>
      <tbody>
        {lines.map(line => (
          <tr key={line.name} class={line.origin === 'default' ? '' : 'given'}>
            <th scope="row">
              <code>{line.name}</code>
            </th>
            <td>
              <code>{valueText(line.value)}</code>
            </td>
            <td>
              {origins[line.origin]} {line.where !== undefined && <code class="faint">{line.where}</code>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  )
}

const valueText = (value: unknown): string => {
  if (value === null || value === undefined) return '–'
  if (typeof value === 'string') return value === '' ? '""' : value
  return JSON.stringify(value)
}

function ThisBrowser() {
  const areKeysOn = useCell(keysAre) === 'on'
  return (
    <section aria-labelledby="browser">
      <header class="section-head">
        <h2 id="browser">In this browser</h2>
      </header>
      <div class="stack">
        <Select
          label="Theme"
          inline
          value={useCell(theme)}
          onChange={chosen => theme.set(chosen)}
          options={[
            ['system', 'As the system'],
            ['light', 'Light'],
            ['dark', 'Dark'],
          ]}
        />
        <Switch label="Keys" checked={areKeysOn} onChange={isOn => keysAre.set(isOn ? 'on' : 'off')} />
        <KeyTable />
      </div>
    </section>
  )
}

function AboutService() {
  const about = useAbout()
  const facts = [
    ['Version', about.version],
    ['Mode', about.mode],
    ['Public URL', <code>{about.publicUrl}</code>],
    ['Direct Line', <code>{about.domain}</code>],
    ['Store', about.store],
    ['Bus', about.bus],
    ['Node', about.node],
    ['Started', <Time at={about.startedAt} as={dayAndClock} />],
    ['Can', about.features.join(', ') || '–'],
  ] as const
  return (
    <section aria-labelledby="about">
      <header class="section-head">
        <h2 id="about">About</h2>
      </header>
      <dl class="facts narrow">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
