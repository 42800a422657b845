/**
 * The domain of one service, joined: every object of it, with what it asks of the others and of the outside.
 */
import { hostname } from 'node:os'
import { openBots } from './bots.ts'
import { Access } from './domain/access.ts'
import { Agents } from './domain/agents.ts'
import { Attachments } from './domain/attachments.ts'
import { Authority } from './domain/authority.ts'
import { BotCheck } from './domain/bot-check.ts'
import { BotCredentials } from './domain/bot-credentials.ts'
import { OldBots } from './domain/bot-v1.ts'
import { BotWatch } from './domain/bot-watch.ts'
import { Conversations } from './domain/conversations.ts'
import { Credentials } from './domain/credentials.ts'
import { type Authorize, Delivery } from './domain/delivery.ts'
import type { Events } from './domain/events.ts'
import { Heeding } from './domain/heeding.ts'
import { Hub } from './domain/hub.ts'
import { InFlight } from './domain/in-flight.ts'
import { InlineFiles } from './domain/inline-files.ts'
import { Inspection } from './domain/inspection.ts'
import { Joins } from './domain/joins.ts'
import { Links } from './domain/links.ts'
import { Live } from './domain/live.ts'
import { Looking } from './domain/looking.ts'
import { Members } from './domain/members.ts'
import { OneByOne } from './domain/one-by-one.ts'
import { Opening } from './domain/opening.ts'
import { Overload } from './domain/overload.ts'
import { Patience } from './domain/patience.ts'
import { Rates } from './domain/rates.ts'
import { Readiness } from './domain/readiness.ts'
import { Recorder } from './domain/record.ts'
import { Registry } from './domain/registry.ts'
import { Replies } from './domain/replies.ts'
import { Retention } from './domain/retention.ts'
import { Revocations } from './domain/revocations.ts'
import { Sending } from './domain/sending.ts'
import { Sites } from './domain/sites.ts'
import { Steering } from './domain/steering.ts'
import { Tails } from './domain/tails.ts'
import { turnsOf } from './domain/turns.ts'
import { writeBasic } from './http/bot-v1/bot-authorization.ts'
import type { Outside } from './outside.ts'
import { clockSkewSeconds } from './protocol/limits.ts'
import { defaultBot, defaultSite, type Settings } from './settings.ts'

/**
 * Joins the domain. Answers what the surfaces ask.
 *
 * @param publicUrl our own address, without a slash at its end
 * @throws Error if what is kept in the store can't be used, such as secrets sealed under another master key
 */
export async function openInside(settings: Settings, outside: Outside, events: Events, publicUrl: () => string) {
  const { store, bus, keys, clock, random, bots } = outside
  const heeding = outside.isShared ? await Heeding.open({ store, clock, events }) : undefined
  const opened = await openBots(settings.bots, outside)
  const { secrets, opener, stored } = opened
  const sites = new Sites(opened.sites, opened.bots)
  const tokenLifeMs = (settings.tokenLifetimeSeconds + clockSkewSeconds) * 1000
  const aheadMs = outside.isShared ? clockSkewSeconds * 1000 : 0
  const revocations = new Revocations({ store, clock, tokenLifeMs, aheadMs })
  await revocations.takeUp()

  const authority = new Authority({ store, keys, clock, events, signer: outside.signer })
  const botCredentials = new BotCredentials({
    sites,
    authority,
    openEntra: () => outside.openEntra(settings.entraUrl),
    keys,
    clock,
    events,
    publicUrl,
  })
  // Before anything that runs by the clock: a start that fails leaves nothing running.
  await botCredentials.open()

  const { limits } = settings
  const shared = outside.rateStore && { store: outside.rateStore, events }
  const rates = new Rates({ clock, shared }, settings.rateLimits ? limits.rates : undefined)
  const overload = new Overload({ load: outside.load, store, clock, events }, limits.overload)
  const readiness = new Readiness({ store, clock, events })

  const tails = new Tails(store)
  const hub = new Hub(
    {
      ...{ log: tails, bus, clock, events, refuses: grant => credentials.refusesSocket(grant) },
      isShared: outside.isShared,
      noticed: conversation => live.changed(conversation),
    },
    limits,
  )
  const recorder = new Recorder({ store, tails, bus, hub, clock })
  const inspection = new Inspection(
    {
      ...{ store: outside.turns, clock, random, events, sites, sockets: () => hub.listeners, node: hostname() },
      ...{ development: settings.mode === 'dev', isShared: outside.isShared },
    },
    settings.inspect,
  )
  const links = new Links({ keys, clock, publicUrl, fileLifetimeSeconds: settings.fileLifetimeSeconds })
  const attachments = new Attachments({ ...outside, links, fileLifetimeSeconds: settings.fileLifetimeSeconds }, limits)
  const credentials = new Credentials({
    sites,
    revocations,
    keys,
    clock,
    random,
    issuer: () => `${publicUrl()}/`,
    lifetimeSeconds: settings.tokenLifetimeSeconds,
  })
  const watch = new BotWatch({
    ...{ probe: outside.probe, clock, sites },
    noteHealth: (bot, health) => inspection.noteHealth(bot, health),
  })
  const watching: Events = event => {
    events(event)
    if (event.event === 'turnFailed') watch.lookSoon(event.bot)
  }
  const inFlight = new InFlight()
  const authorize: Authorize = ({ bot, conversation }) =>
    botCredentials.authorizationFor(bot, links.serviceUrl(bot, conversation))
  const delivery = new Delivery({ bots, clock, events: watching, inFlight, authorize }, limits)
  const replies = new Replies({ store, recorder, attachments, links, sites, inspection, publicUrl })
  const patience = new Patience({ clock, events })
  const oldBots = new OldBots({ delivery, replies, store, basic: writeBasic })
  const takeTurn = turnsOf({ delivery, replies, oldBots, links })
  const joins = new Joins({
    store,
    takeTurn,
    clock,
    random,
    events,
    isShared: outside.isShared,
    inspection,
  })
  const sending = new Sending({ store, recorder, joins, takeTurn, clock, random, events })
  const inlineFiles = new InlineFiles({ attachments, publicUrl })
  const conversations = new Conversations({
    ...{ store, tails, hub, joins, sending, inlineFiles, patience, inFlight, keys, clock, events },
  })
  const starting: Events = event => {
    events(event)
    if (event.event === 'conversationStarted') live.changed(event.conversation)
  }
  const opening = new Opening({ store, conversations, credentials, clock, random, events: starting, patience })
  const { look } = outside
  const agents = new Agents()
  const looking = new Looking({ look, hub, inspection, opening, sites, agents })
  const { isShared } = outside
  const live = new Live({ store, look, bus, isShared, clock, events, inspection, rows: ids => looking.rows(ids) })
  const steering = new Steering({
    ...{
      look,
      sites,
      opening,
      credentials,
      conversations,
      inspection,
      recorder,
      takeTurn,
      clock,
      random,
    },
  })
  const members = new Members({ store, replies, joins })
  const retention = new Retention(
    { store, tails, files: outside.files, hub, inspection, clock, events, isShared: outside.isShared },
    { conversationSeconds: settings.conversationLifetimeSeconds, fileSeconds: settings.fileLifetimeSeconds },
  )
  const changes = new OneByOne(heeding === undefined ? undefined : () => heeding.catchUp())
  const botCheck = new BotCheck({
    ...{ probe: outside.probe, bots, store, clock, random, events, inFlight, publicUrl },
    development: settings.mode === 'dev',
    isHeard: bot => inspection.isHeard(bot),
    serviceUrl: (bot, conversation) => links.serviceUrl(bot, conversation),
    authorize: (bot, conversation) =>
      bot.schema === 'v1' && bot.app !== undefined && /^https:/i.test(bot.endpoint)
        ? { outcome: 'given', header: writeBasic(bot.app) }
        : botCredentials.authorizationFor(bot, links.serviceUrl(bot, conversation)),
  })
  const access = new Access({ store, sites, secrets, revocations, credentials, hub, retention, changes })
  const registry = new Registry(
    {
      ...{ sites, opener, stored, secrets, access, retention, store, random, changes, credentials: botCredentials },
      defaults: { bot: defaultBot, site: defaultSite },
      maySelfSign: settings.mode === 'dev',
    },
    { given: settings.bots, written: opened.written },
  )
  for (const shared of [access, registry, authority]) heeding?.tell(names => shared.takeUp(names))
  heeding?.begin(changes)
  return {
    firstSecret: opened.secret,
    ...{ sites, rates, hub, inspection, links, attachments, credentials, inFlight, authority, botCredentials },
    ...{ replies, conversations, opening, members, retention, access, registry, overload, readiness, watch, botCheck },
    ...{ looking, live, steering, agents, heeding },
  }
}
