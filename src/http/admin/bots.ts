/**
 * Bots and sites in the admin API: listed, added, changed and removed.
 */
import type { FastifyRequest } from 'fastify'
import type { ChangedBot, Registry } from '../../domain/registry.ts'
import type { Bot, Site, Sites } from '../../domain/sites.ts'
import { switchNames } from '../../domain/switches.ts'
import type { BotHealth, ChangedBotBody } from '../../protocol/admin.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import { type BotId, botId } from '../../protocol/ids.ts'
import { bodyText } from '../bodies.ts'
import type { Handler } from '../paths.ts'
import { json, parameter, query } from '../requests.ts'
import type { Audit, Route } from './audit.ts'
import { pageOf } from './bodies.ts'
import { parseBotChange, parseSiteChange } from './changes.ts'
import { botBody, fullName, siteBody, siteNamed } from './resources.ts'

/** What these routes need of the inside. */
export type BotPorts = {
  readonly sites: Sites
  readonly registry: Registry
  /** How a bot was found when it was last looked at. */
  readonly healthOf: (bot: BotId) => BotHealth
}

/** Mounts the routes. Whoever calls this guards the paths. */
export function botRoutes(route: Route, { sites, registry, healthOf }: BotPorts, audit: Audit): void {
  const bodyOf = (request: FastifyRequest) => bodyText(request, 'MalformedBody')
  const botOf = (request: FastifyRequest): Bot => {
    const bot = sites.bot(botId(parameter(request, 'bot')))
    if (bot === undefined) throw new ProtocolError('UnknownBot', 'There is no such bot.')
    return bot
  }
  const siteOf = (request: FastifyRequest): Site => siteNamed(sites, parameter(request, 'site'))
  const shown = (bot: Bot) => botBody(bot, healthOf(bot.id))
  const changed = ({ bot, password }: ChangedBot): ChangedBotBody => ({ ...shown(bot), appPassword: password })

  const listBots: Handler = (request, reply) => {
    const { items, next } = pageOf(sites.bots, query(request, 'limit'), query(request, 'cursor'))
    return json(reply, { items: items.map(shown), next })
  }
  const showBot: Handler = (request, reply) => json(reply, shown(botOf(request)))
  const addBot: Handler = async (request, reply) => {
    const added = await registry.add(parseBotChange(bodyOf(request)))
    audit(request, 'botAdded', added.bot.id)
    return json(reply.code(201), changed(added))
  }
  const changeBot: Handler = async (request, reply) => {
    const { id } = botOf(request)
    const change = parseBotChange(bodyOf(request), id)
    const done = await registry.change(id, change)
    audit(request, 'botChanged', `${id} ${Object.keys(change).join(' ')}`)
    return json(reply, changed(done))
  }
  const removeBot: Handler = async (request, reply) => {
    const { id } = botOf(request)
    const conversations = readConversations(query(request, 'conversations'))
    await registry.remove(id, conversations)
    audit(request, 'botRemoved', `${id}, conversations: ${conversations}`)
    return reply.code(204).send()
  }

  const listSites: Handler = (request, reply) => {
    const own = sites.sitesOf(botOf(request).id)
    const { items, next } = pageOf(own, query(request, 'limit'), query(request, 'cursor'))
    return json(reply, { items: items.map(site => siteBody(site, sites)), next })
  }
  const addSite: Handler = async (request, reply) => {
    const site = await registry.addSite(botOf(request).id, parseSiteChange(bodyOf(request)))
    audit(request, 'siteAdded', fullName(site))
    return json(reply.code(201), siteBody(site, sites))
  }
  const changeSite: Handler = async (request, reply) => {
    const named = siteOf(request)
    const change = parseSiteChange(bodyOf(request), named.id)
    const site = await registry.changeSite(named, change)
    const others = Object.keys(change).filter(name => !isSwitch(name))
    if (others.length > 0) audit(request, 'siteChanged', `${fullName(site)} ${others.join(' ')}`)
    if (others.length < Object.keys(change).length)
      audit(request, 'siteSwitched', `${fullName(site)} ${switchesOf(site)}`)
    return json(reply, siteBody(site, sites))
  }
  const removeSite: Handler = async (request, reply) => {
    const site = siteOf(request)
    await registry.removeSite(site)
    audit(request, 'siteRemoved', fullName(site))
    return reply.code(204).send()
  }

  route('/bots', { GET: listBots, POST: addBot })
  route('/bots/:bot', { GET: showBot, PATCH: changeBot, DELETE: removeBot })
  route('/bots/:bot/sites', { GET: listSites, POST: addSite })
  route('/sites/:site', { PATCH: changeSite, DELETE: removeSite })
}

const isSwitch = (name: string): boolean => switchNames.some(known => known === name)

const switchesOf = ({ enabled, v3, v1, uploads }: Site): string => JSON.stringify({ enabled, v3, v1, uploads })

function readConversations(text: string | undefined): 'keep' | 'delete' {
  if (text === undefined || text === 'keep') return 'keep'
  if (text === 'delete') return 'delete'
  throw new ProtocolError('Unacceptable', `'conversations' must be "keep" or "delete".`)
}
