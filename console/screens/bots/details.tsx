/**
 * One bot in full: where it is, how it is, what it is told, and the sites through which it is reached.
 */
import type { BotBody } from '../../../src/protocol/admin.ts'
import type { Problem } from '../../../src/protocol/admin-problems.ts'
import { useAbout } from '../../about.ts'
import { api } from '../../api.ts'
import { CopyButton } from '../../parts/copy.tsx'
import { Menu } from '../../parts/menu.tsx'
import { NewConversation } from '../../parts/new-conversation.tsx'
import { Pill } from '../../parts/pill.tsx'
import { useLoaded } from '../../parts/states.tsx'
import { Ago, duration } from '../../parts/time.tsx'
import { type ComponentChildren, useState } from '../../ui.ts'
import { FixAction } from '../overview/attention.tsx'
import { Check } from './check.tsx'
import { EditBot } from './edit.tsx'
import { healthTone } from './health.ts'
import { RemoveBot } from './remove.tsx'
import { ServiceUrl } from './service-url.tsx'
import { Sites } from './sites.tsx'

/** @param changed is told when the bot has been changed, and reads it again */
export function BotDetails({
  bot,
  problems,
  changed,
}: {
  readonly bot: BotBody
  readonly problems: readonly Problem[]
  changed(): void
}) {
  const [open, setOpen] = useState<'edit' | 'remove' | 'address' | undefined>(undefined)
  const [checks, setChecks] = useState(0)
  const sites = useLoaded(`sites ${bot.id}`, () => api.sites(bot.id))
  const close = () => setOpen(undefined)
  const isOwn = bot.owner === 'store'
  return (
    <article class="bot" aria-labelledby="bot-name">
      <header class="title">
        <h2 id="bot-name">{bot.name}</h2>
        <Pill tone={healthTone(bot.health)} title={bot.health.at}>
          {bot.health.state}
        </Pill>
        <div class="row grow end">
          <button type="button" class="button" onClick={() => setChecks(checks + 1)}>
            Check now
          </button>
          {isOwn && (
            <button type="button" class="button" onClick={() => setOpen('edit')}>
              Edit
            </button>
          )}
          <NewConversation bot={bot.id} class="button primary">
            Open chat
          </NewConversation>
          {isOwn && (
            <Menu
              label={<span aria-hidden="true">⋯</span>}
              name="More"
              items={[{ name: `Remove ${bot.name} …`, danger: true, act: () => setOpen('remove') }]}
            />
          )}
        </div>
      </header>
      {problems.map(problem => (
        <ProblemNote key={problem.code} problem={problem} changed={changed} />
      ))}
      <Facts bot={bot} onAddress={() => setOpen('address')} />
      <Check bot={bot} asked={checks} changed={changed} />
      <Sites bot={bot} loaded={sites} />
      {open === 'edit' && <EditBot bot={bot} onClose={close} changed={changed} />}
      {open === 'remove' && <RemoveBot bot={bot} onClose={close} removed={changed} />}
      {open === 'address' && <ServiceUrl bot={bot} onClose={close} changed={changed} />}
    </article>
  )
}

function ProblemNote({ problem, changed }: { readonly problem: Problem; changed(): void }) {
  const { bot, code, text, count, last, fix } = problem
  // Whoever reads this is on the page that most fixes lead to.
  const isHere = fix?.href === location.pathname
  return (
    <div class="note bad" role="alert">
      <p>
        {text}{' '}
        <span class="faint">
          <code>{code}</code> · {count === 1 ? 'once' : `${count} times`} · <Ago at={last} />
        </span>
      </p>
      {fix !== undefined && <FixAction bot={bot} fix={isHere ? { label: fix.label } : fix} done={changed} />}
    </div>
  )
}

function Facts({ bot, onAddress }: { readonly bot: BotBody; onAddress(): void }) {
  const { publicUrl } = useAbout()
  const isOwn = bot.owner === 'store'
  return (
    <dl class="facts">
      <Fact name="Endpoint">
        <code>{bot.endpoint}</code>{' '}
        <CopyButton text={bot.endpoint} name="Copy the endpoint" class="button small plain" />
      </Fact>
      <Fact name="Schema">{bot.schema}</Fact>
      <Fact name="App id">
        {bot.appId === undefined ? <None>none: requests are unsigned</None> : <AppId bot={bot} />}
      </Fact>
      <Fact name="Told to answer at">
        <code>{bot.serviceUrl ?? publicUrl}</code> {bot.serviceUrl === undefined && <None>the public URL</None>}{' '}
        {isOwn && (
          <button type="button" class="button small plain" onClick={onAddress}>
            Change …
          </button>
        )}
      </Fact>
      <Fact name="Turns">
        at most {duration(bot.timeoutMs)}
        {bot.expectReplies && ', replies in the answer'}
        {bot.echo === 'after' && ', shown after the bot’s turn'}
        {!bot.updates && ', no updates'}
        {bot.allowSelfSigned && ', any certificate'}
      </Fact>
      {!isOwn && (
        <Fact name="Written in">
          {bot.where === undefined ? 'the settings' : <code>{bot.where}</code>} <None>changed only there</None>
        </Fact>
      )}
    </dl>
  )
}

function AppId({ bot }: { readonly bot: BotBody }) {
  const issuer = { landline: 'Landline', microsoft: 'Microsoft', none: 'nobody' }[bot.authority]
  return (
    <>
      <code>{bot.appId}</code>{' '}
      <None>
        tokens by {issuer}
        {bot.tenantId !== undefined && `, tenant ${bot.tenantId}`}
      </None>
    </>
  )
}

const Fact = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

const None = ({ children }: { readonly children: ComponentChildren }) => <span class="faint">{children}</span>
