/**
 * The domain of one service, joined: every object of it, with what it asks of the others and of the outside.
 */
import { openBots } from './bots.ts'
import { Access } from './domain/access.ts'
import { Attachments } from './domain/attachments.ts'
import { Authority } from './domain/authority.ts'
import { BotCredentials } from './domain/bot-credentials.ts'
import { OldBots } from './domain/bot-v1.ts'
import { Conversations } from './domain/conversations.ts'
import { Credentials } from './domain/credentials.ts'
import { type Authorize, Delivery } from './domain/delivery.ts'
import type { Events } from './domain/events.ts'
import { Hub } from './domain/hub.ts'
import { InFlight } from './domain/in-flight.ts'
import { Joins } from './domain/joins.ts'
import { Links } from './domain/links.ts'
import { Members } from './domain/members.ts'
import { Opening } from './domain/opening.ts'
import { Overload } from './domain/overload.ts'
import { Patience } from './domain/patience.ts'
import { Rates } from './domain/rates.ts'
import { Readiness } from './domain/readiness.ts'
import { Recorder } from './domain/record.ts'
import { Replies } from './domain/replies.ts'
import { Retention } from './domain/retention.ts'
import { Revocations } from './domain/revocations.ts'
import { Sites } from './domain/sites.ts'
import { Tails } from './domain/tails.ts'
import { turnsOf } from './domain/turns.ts'
import { writeBasic } from './http/bot-v1/bot-authorization.ts'
import type { Outside } from './outside.ts'
import { clockSkewSeconds } from './protocol/limits.ts'
import type { Settings } from './settings.ts'

/**
 * Joins the domain. Answers what the surfaces ask.
 *
 * @param publicUrl our own address, without a slash at its end
 * @throws Error if what is kept in the store can't be used, such as secrets sealed under another master key
 */
export async function openInside(settings: Settings, outside: Outside, events: Events, publicUrl: () => string) {
  const { store, bus, keys, clock, random, bots } = outside
  const { sites: listed, secret, secrets } = await openBots(settings.bots, outside)
  const sites = new Sites(listed)
  const tokenLifeMs = (settings.tokenLifetimeSeconds + clockSkewSeconds) * 1000
  const revocations = new Revocations({ store, clock, tokenLifeMs })
  await revocations.load()

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
  const rates = new Rates({ clock }, settings.rateLimits ? limits.rates : undefined)
  const overload = new Overload({ load: outside.load, store, clock, events }, limits.overload)
  const readiness = new Readiness({ store, clock, events })

  const tails = new Tails(store)
  const hub = new Hub({ log: tails, bus, clock, events, refuses: grant => credentials.refusesSocket(grant) }, limits)
  const recorder = new Recorder({ store, tails, bus, hub, clock })
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
  const inFlight = new InFlight()
  const authorize: Authorize = ({ bot, conversation }) =>
    botCredentials.authorizationFor(bot, links.serviceUrl(bot, conversation))
  const delivery = new Delivery({ bots, clock, events, inFlight, authorize }, limits)
  const replies = new Replies({ store, recorder, attachments, links, sites, publicUrl })
  const patience = new Patience({ clock, events })
  const takeTurn = turnsOf({ delivery, replies, oldBots: new OldBots({ delivery, replies, store, basic: writeBasic }) })
  const joins = new Joins({
    store,
    takeTurn,
    clock,
    random,
    events,
    serviceUrl: (bot, conversation) => links.serviceUrl(bot, conversation),
  })
  const conversations = new Conversations({
    store,
    tails,
    hub,
    recorder,
    joins,
    patience,
    inFlight,
    takeTurn,
    links,
    keys,
    clock,
    random,
    events,
  })
  const opening = new Opening({ store, conversations, credentials, clock, random, events, patience })
  const members = new Members({ store, replies, joins })
  const retention = new Retention(
    { store, tails, files: outside.files, hub, clock, events },
    { conversationSeconds: settings.conversationLifetimeSeconds, fileSeconds: settings.fileLifetimeSeconds },
  )
  const access = new Access({ store, sites, secrets, revocations, credentials, hub, retention })
  return {
    ...{ sites, firstSecret: secret, rates, hub, links, attachments, credentials, inFlight, authority, botCredentials },
    ...{ replies, conversations, opening, members, retention, access, overload, readiness },
  }
}
