/**
 * Connect: programs for every kind of client, with the real address in them, for a site of a bot.
 */
import type { SiteBody } from '../../src/protocol/admin.ts'
import { useAbout, useTitle } from '../about.ts'
import { api } from '../api.ts'
import { CopyButton } from '../parts/copy.tsx'
import { Select } from '../parts/field.tsx'
import { Empty, Show, useLoaded } from '../parts/states.tsx'
import { href, setQuery, usePlace } from '../route.ts'
import { FirstCall } from './connect/first-call.tsx'
import { SnippetTabs } from './connect/snippet-tabs.tsx'
import { type Client, clients } from './connect/snippets.ts'
import { targetOf } from './connect/target.ts'

/** The screen. */
export function Connect() {
  useTitle('Connect')
  const sites = useLoaded('sites', readSites)
  return (
    <>
      <header class="title">
        <h1>Connect</h1>
      </header>
      <Show what="the sites" loaded={sites}>
        {all => (all.length === 0 ? <NoSite /> : <Chosen sites={all} />)}
      </Show>
    </>
  )
}

/** Every site with its bot, in the order of the bots. */
async function readSites(): Promise<readonly SiteBody[]> {
  const bots = await api.bots()
  return (await Promise.all(bots.map(({ id }) => api.sites(id)))).flat()
}

function Chosen({ sites }: { readonly sites: readonly SiteBody[] }) {
  const about = useAbout()
  const { query } = usePlace()
  const bots = [...new Set(sites.map(({ bot }) => bot))]
  const bot = bots.find(name => name === query.get('bot')) ?? bots[0] ?? ''
  const own = sites.filter(site => site.bot === bot)
  const site = own.find(({ id }) => id === query.get('site')) ?? own[0]
  const client = clients.find(name => name === query.get('client')) ?? 'page'
  if (site === undefined) return <NoSite />
  const target = targetOf(about, site, site === sites[0])
  return (
    <>
      <div class="connect-to">
        {bots.length > 1 && (
          <Select
            label="Bot"
            inline
            value={bot}
            onChange={name => setQuery({ bot: name, site: undefined })}
            options={bots.map(name => [name, name] as const)}
          />
        )}
        {own.length > 1 ? (
          <Select
            label="Site"
            inline
            value={site.id}
            onChange={id => setQuery({ site: id })}
            options={own.map(({ id, name }) => [id, name] as const)}
          />
        ) : (
          <p>
            <span class="quiet">Site</span> {site.name} <span class="quiet">of</span>{' '}
            <a href={href(['bots', bot])}>{bot}</a>
          </p>
        )}
        <p class="address">
          <span class="quiet">Direct Line</span> <code>{about.domain}</code>{' '}
          <CopyButton text={about.domain} name="Copy the address" />
        </p>
      </div>
      {!site.enabled && <p class="note warn">This site is switched off: it takes no secret and no token.</p>}
      <SnippetTabs target={target} client={client} onChoose={(name: Client) => setQuery({ client: name })} />
      <FirstCall key={`${bot} ${site.id}`} of={{ bot, site: site.id }} />
    </>
  )
}

const NoSite = () => (
  <Empty title="No site to connect to">
    <p>A client connects to a site of a bot: with one of its two secrets, or a token made with it.</p>
    <a class="button primary" href={href(['bots'])}>
      Add a bot
    </a>
  </Empty>
)
