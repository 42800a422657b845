/**
 * The bots and sites there are, changed while the service runs. A change is in effect when it is answered, for clients,
 * bots and credentials alike, and is kept with the store. Bots that somebody wrote down in the settings are changed there.
 */
import type { BotChange, SiteChange } from '../protocol/admin.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { type BotId, botId, type ConversationId } from '../protocol/ids.ts'
import type { Access } from './access.ts'
import type { BotCredentials } from './bot-credentials.ts'
import type { BotOpener } from './bot-opener.ts'
import type { OneByOne } from './one-by-one.ts'
import type { ConversationStore, Random } from './ports.ts'
import type { Retention } from './retention.ts'
import { type Secrets, secretsSetting } from './secrets.ts'
import type { Bot, Site, Sites, Switches } from './sites.ts'
import { botsSetting, type StoredBots, storedBotsMax } from './stored-bots.ts'
import { forgetSwitches, switchesSetting, switchNames } from './switches.ts'
import { changedBot, changedSite, freeId, nameFrom, type WrittenBot, type WrittenSite } from './written-bot.ts'

type RegistryPorts = {
  readonly sites: Sites
  readonly opener: BotOpener
  readonly stored: StoredBots
  readonly secrets: Secrets
  readonly access: Access
  readonly retention: Retention
  readonly credentials: BotCredentials
  readonly store: ConversationStore
  readonly random: Random
  readonly changes: OneByOne
  /** What a bot, and a site, has where nothing is said. */
  readonly defaults: { readonly bot: WrittenBot; readonly site: WrittenSite }
  /** Whether bots may have certificates that nobody vouches for. */
  readonly maySelfSign: boolean
}

/** A bot as it is now, and the password that was made for it, which is never shown again. */
export type ChangedBot = { readonly bot: Bot; readonly password: string | undefined }

/** Which bots a new reading of the settings has touched. */
export type Reloaded = {
  readonly added: readonly string[]
  readonly changed: readonly string[]
  readonly removed: readonly string[]
}

/** Sites of one bot at most. */
const sitesMax = 100

/** Characters of a password made here: 256 bits. */
const passwordCharacters = 43

/** Conversations that are forgotten at once. */
const forgetStep = 50

/** Changes bots and sites. */
export class Registry {
  readonly #ports: RegistryPorts
  /** What the settings say. */
  #given: readonly WrittenBot[]
  /** Every bot as it is written down now. */
  #written: Map<string, WrittenBot>

  /** @param opened what the settings said at the start, and the bots there are */
  constructor(
    ports: RegistryPorts,
    opened: { readonly given: readonly WrittenBot[]; readonly written: readonly WrittenBot[] },
  ) {
    this.#ports = ports
    this.#given = opened.given
    this.#written = new Map(opened.written.map(bot => [bot.id, bot]))
  }

  /**
   * Adds a bot, with one site.
   *
   * @throws ProtocolError `MissingProperty` without an endpoint, `IdTaken`, `Unacceptable`
   */
  add(change: BotChange): Promise<ChangedBot> {
    return this.#ports.changes.do(() => {
      if (change.endpoint === undefined)
        throw new ProtocolError('MissingProperty', "A bot has an address: 'endpoint' is missing.")
      if (this.#written.size >= storedBotsMax)
        throw new ProtocolError('Unacceptable', `There can be ${storedBotsMax} bots.`)
      const name = change.name ?? nameFrom(change.endpoint)
      const id = change.id ?? freeId(name, 'bot', taken => this.#written.has(taken))
      if (this.#written.has(id)) throw new ProtocolError('IdTaken', `There is a bot "${id}" already.`)
      const { bot, site } = this.#ports.defaults
      const first = { ...site, id: freeId(id, 'site', taken => this.#isSite(taken)), name: 'Default' }
      const own = { ...bot, id, name, owner: 'store', where: undefined, sites: [first] } as const
      return this.#put(changedBot(own, change))
    })
  }

  /** Changes a bot. @throws ProtocolError `UnknownBot`, `OwnedBySettings`, `Unacceptable` */
  change(id: string, change: BotChange): Promise<ChangedBot> {
    return this.#ports.changes.do(() => this.#put(changedBot(this.#own(id), change)))
  }

  /**
   * Removes a bot with its sites: their secrets and tokens are refused from then on. Its conversations stay until they
   * expire, for a bot of this id that may come back, or are deleted before this resolves.
   *
   * @throws ProtocolError `UnknownBot`, `OwnedBySettings`
   */
  async remove(id: string, conversations: 'keep' | 'delete'): Promise<void> {
    const { changes, stored, sites, access, store } = this.#ports
    const bot = botId(id)
    this.#own(id)
    // Twice: what is broken off half-way can be asked for again, as long as the bot is there.
    if (conversations === 'delete') await this.#forgetConversations(bot)
    await changes.do(async () => {
      this.#own(id)
      const gone = sites.sitesOf(bot)
      for (const site of gone) await this.#shutOut(site)
      await stored.remove(id, this.#givenBot(id))
      this.#written.delete(id)
      sites.removeBot(bot)
      access.closeRefused()
      for (const { id: site } of gone) await forgetSwitches(store, { bot, site })
    })
    if (conversations === 'delete') await this.#forgetConversations(bot)
  }

  /** Adds a site. @throws ProtocolError `UnknownBot`, `OwnedBySettings`, `IdTaken`, `Unacceptable` */
  addSite(bot: string, change: SiteChange): Promise<Site> {
    return this.#ports.changes.do(async () => {
      const written = this.#own(bot)
      if (written.sites.length >= sitesMax) throw new ProtocolError('Unacceptable', `A bot can have ${sitesMax} sites.`)
      const id = change.id ?? freeId(change.name ?? bot, 'site', taken => this.#isSite(taken))
      if (written.sites.some(site => site.id === id))
        throw new ProtocolError('IdTaken', `The bot has a site "${id}" already.`)
      const made = changedSite({ ...this.#ports.defaults.site, id, name: change.name ?? id }, change)
      return this.#putSites(written, [...written.sites, made], id)
    })
  }

  /**
   * Changes a site. Its switches can be changed wherever it is written down.
   *
   * @throws ProtocolError `UnknownSite`, `OwnedBySettings`
   */
  async changeSite(site: Site, change: SiteChange): Promise<Site> {
    const { access, changes } = this.#ports
    const entries = Object.entries(change).filter(([, value]) => value !== undefined)
    const isSwitch = (name: string) => switchNames.some(known => known === name)
    const switched: Partial<Switches> = Object.fromEntries(entries.filter(([name]) => isSwitch(name)))
    const rest: SiteChange = Object.fromEntries(entries.filter(([name]) => !isSwitch(name)))
    if (Object.keys(rest).length > 0) {
      await changes.do(async () => {
        const written = this.#own(site.bot.id)
        const changed = written.sites.map(one => (one.id === site.id ? changedSite(one, rest) : one))
        await this.#putSites(written, changed, site.id)
      })
    }
    return access.switchSite(site, switched)
  }

  /** Removes a site: its secrets and tokens are refused from then on. @throws ProtocolError as `changeSite` */
  removeSite(site: Site): Promise<void> {
    return this.#ports.changes.do(async () => {
      const written = this.#own(site.bot.id)
      if (this.#ports.sites.of(site.bot.id, site.id) === undefined) throw unknownSite()
      await this.#shutOut(site)
      await this.#put({ ...written, sites: written.sites.filter(({ id }) => id !== site.id) })
      await forgetSwitches(this.#ports.store, { bot: site.bot.id, site: site.id })
    })
  }

  /**
   * Takes what the settings say now in place of what they said. All or nothing: where one bot can't be opened, every
   * one stays as it was.
   *
   * @throws Error for a bot that can't be opened
   */
  reload(given: readonly WrittenBot[]): Promise<Reloaded> {
    return this.#ports.changes.do(async () => {
      const { stored, opener, credentials, sites, access } = this.#ports
      const next = stored.joined(given)
      const opened = []
      for (const bot of next) opened.push(await opener.open(bot))
      await credentials.open(opened.map(({ bot }) => bot))
      const before = this.#written
      this.#given = given
      this.#written = new Map(next.map(bot => [bot.id, bot]))
      for (const { bot, sites: own } of opened) sites.putBot(bot, own)
      const removed = [...before.keys()].filter(id => !this.#written.has(id))
      for (const id of removed) sites.removeBot(botId(id))
      access.closeRefused()
      const isKnown = ({ id }: WrittenBot) => before.has(id)
      return {
        added: next.filter(bot => !isKnown(bot)).map(({ id }) => id),
        changed: next.filter(bot => isKnown(bot) && says(bot) !== says(before.get(bot.id))).map(({ id }) => id),
        removed,
      }
    })
  }

  /**
   * Takes up what other nodes have changed about bots and sites, if it is among the settings named. To be called as one
   * of the changes. What can't be opened here stays as it was.
   *
   * @throws Error for the first of these
   */
  async takeUp(names: readonly string[]): Promise<void> {
    const { stored, opener, credentials, sites, access } = this.#ports
    if (names.includes(botsSetting)) await stored.load()
    const put = new Set(names)
    const next = new Map(stored.joined(this.#given).map(bot => [bot.id, bot]))
    let failure: { readonly error: unknown } | undefined
    for (const bot of next.values()) {
      if (says(bot) === says(this.#written.get(bot.id)) && settingsOf(bot).every(name => !put.has(name))) continue
      try {
        // Secrets that the settings give may be older than those that are kept.
        const kept = { ...bot, sites: bot.sites.map(site => ({ ...site, secrets: [] })) }
        const opened = await opener.open(kept)
        await credentials.open([opened.bot])
        this.#written.set(bot.id, bot)
        sites.putBot(opened.bot, opened.sites)
      } catch (error) {
        failure ??= { error }
      }
    }
    for (const id of this.#written.keys()) {
      if (!next.has(id) && this.#written.delete(id)) sites.removeBot(botId(id))
    }
    access.closeRefused()
    if (failure !== undefined) throw failure.error
  }

  /** A bot that may be changed here. @throws ProtocolError `UnknownBot`, `OwnedBySettings` */
  #own(id: string): WrittenBot {
    const written = this.#written.get(id)
    if (written === undefined) throw new ProtocolError('UnknownBot', 'There is no such bot.')
    if (written.owner === 'store') return written
    throw new ProtocolError('OwnedBySettings', `The bot "${id}" stands in the settings, at ${written.where}.`)
  }

  #givenBot(id: string): WrittenBot | undefined {
    return this.#given.find(bot => bot.id === id)
  }

  #isSite(id: string): boolean {
    return this.#ports.sites.all.some(site => site.id === id)
  }

  async #putSites(written: WrittenBot, changed: readonly WrittenSite[], id: string): Promise<Site> {
    await this.#put({ ...written, sites: changed })
    const site = this.#ports.sites.sitesOf(botId(written.id)).find(one => one.id === id)
    if (site === undefined) throw unknownSite()
    return site
  }

  /** Keeps a bot as it is from now on, then lets it count. */
  async #put(given: WrittenBot): Promise<ChangedBot> {
    const { opener, credentials, stored, sites, access, random, maySelfSign } = this.#ports
    if (given.allowSelfSigned && !maySelfSign)
      throw new ProtocolError('Unacceptable', "'allowSelfSigned' is for a developer's own machine only.")
    const needsPassword = given.app !== undefined && given.app.password === undefined
    const password = needsPassword ? random.text(passwordCharacters) : undefined
    const written =
      given.app === undefined ? given : { ...given, app: { ...given.app, password: given.app.password ?? password } }
    const { bot, sites: own } = await opener.open(written)
    await credentials.open([bot])
    await stored.put(written, this.#givenBot(written.id))
    this.#written.set(written.id, written)
    sites.putBot(bot, own)
    access.closeRefused()
    return { bot, password }
  }

  /** Comes first: whatever breaks off then, the site is there to be removed, and a later one of its name has other secrets. */
  async #shutOut(site: Site): Promise<void> {
    await this.#ports.access.revokeSite(site)
    await this.#ports.secrets.forget(site.bot.id, site.id)
  }

  /** Refuses every token first, so that none begins a conversation anew that has just been forgotten. */
  async #forgetConversations(bot: BotId): Promise<void> {
    const { sites, access, store, retention } = this.#ports
    for (const site of sites.sitesOf(bot)) await access.revokeSite(site)
    let after: ConversationId | undefined
    for (;;) {
      const found = await store.list(bot, after, forgetStep)
      await Promise.all(found.map(({ id }) => retention.forget(id)))
      after = found.at(-1)?.id
      if (found.length < forgetStep) return
    }
  }
}

/** What the settings say of a bot, wherever they say it. */
const says = (bot: WrittenBot | undefined): string => JSON.stringify({ ...bot, where: undefined })

/** The settings of the store that concern a bot. */
const settingsOf = ({ id, sites }: WrittenBot): readonly string[] =>
  sites.flatMap(site => [secretsSetting(id, site.id), switchesSetting({ bot: id, site: site.id })])

const unknownSite = () => new ProtocolError('UnknownSite', 'There is no such site.')
