/**
 * Who may still come in, changed while the service runs: secrets replaced, credentials revoked, sites switched,
 * conversations deleted. Each change is in effect when it is answered, and sockets opened with what it ended are
 * closed. Bots are not concerned: they answer on.
 */
import { ProtocolError } from '../protocol/errors.ts'
import type { StreamTicket, Token } from '../protocol/token.ts'
import type { Credentials } from './credentials.ts'
import { readName, unknownConversation } from './grant.ts'
import { type Hub, revokedClose } from './hub.ts'
import type { OneByOne } from './one-by-one.ts'
import type { ConversationStore } from './ports.ts'
import type { Retention } from './retention.ts'
import { type Revocable, type Revocations, revocationsSetting } from './revocations.ts'
import type { Secrets } from './secrets.ts'
import type { SecretNumber, Site, Sites, Switches } from './sites.ts'
import { keepSwitches } from './switches.ts'

type AccessPorts = {
  readonly store: ConversationStore
  readonly sites: Sites
  readonly secrets: Secrets
  readonly revocations: Revocations
  readonly credentials: Credentials
  readonly hub: Hub
  readonly retention: Retention
  /** Changes of sites, one after another: each puts a whole site in place of another. */
  readonly changes: OneByOne
}

/** Changes who may come in. */
export class Access {
  readonly #ports: AccessPorts

  constructor(ports: AccessPorts) {
    this.#ports = ports
  }

  /** A secret of a site, in clear. Not while one is being replaced: what is kept and what counts are not the same then. */
  reveal(site: Site, number: SecretNumber): Promise<string> {
    const { secrets, changes } = this.#ports
    return changes.do(async () => secrets.reveal(this.#now(site), number))
  }

  /**
   * Puts a new secret in the place of one. The other stays good, and so do tokens made with the old one: a page full of
   * people is not cut off. Sockets that were opened with the old secret itself are closed.
   */
  regenerate(site: Site, number: SecretNumber): Promise<string> {
    return this.#ports.changes.do(() => this.#replace(site, number))
  }

  /**
   * The same, and everything made with the old secret is refused: for one that has leaked. That comes first: should it
   * end half done, whoever asks again still means the same secret.
   */
  revokeSecret(site: Site, number: SecretNumber): Promise<string> {
    return this.#ports.changes.do(async () => {
      const { id: secret } = this.#now(site).secrets[number === 1 ? 0 : 1]
      await this.#revoke({ what: 'secret', bot: site.bot.id, site: site.id, secret })
      return this.#replace(site, number)
    })
  }

  /** Refuses every token and stream URL of a site issued until now. Its secrets stay good. */
  revokeSite({ bot, id }: Site): Promise<number> {
    return this.#revoke({ what: 'site', bot: bot.id, site: id })
  }

  /** Refuses every token and stream URL of a conversation issued until now. A secret can make a fresh one at once. */
  revokeConversation(name: string): Promise<number> {
    return this.#revoke({ what: 'conversation', conversation: readName(name) })
  }

  /**
   * Refuses a token and all of its family: whoever has stolen one may have refreshed it since.
   *
   * @throws ProtocolError `Unacceptable` for what is no token or stream URL's `t` of ours
   */
  async revokeToken(text: string): Promise<{ readonly token: Token | StreamTicket; readonly closed: number }> {
    const token = this.#ports.credentials.read(text)
    if (token === undefined || token.family === '') throw new ProtocolError('Unacceptable', 'This is no token of ours.')
    return { token, closed: await this.#revoke({ what: 'family', family: token.family }) }
  }

  /** Turns a site, or one API for it, off or on; it stays so over restarts until its settings change. */
  switchSite(given: Site, change: Partial<Switches>): Promise<Site> {
    return this.#ports.changes.do(async () => {
      const { store, sites } = this.#ports
      const site = this.#now(given)
      const switches = await keepSwitches(store, { bot: site.bot.id, site: site.id }, site.given, change)
      const changed = { ...site, ...switches }
      sites.put(changed)
      this.closeRefused()
      return changed
    })
  }

  /** Deletes a conversation with all that belongs to it. @throws ProtocolError `UnknownConversation` */
  async forget(name: string): Promise<void> {
    const conversation = readName(name)
    if ((await this.#ports.store.find(conversation)) === undefined) throw unknownConversation()
    // A token from before the start could begin it anew, with the same numbers.
    await this.#ports.revocations.revoke({ what: 'gone', conversation })
    await this.#ports.retention.forget(conversation)
  }

  async #replace(given: Site, number: SecretNumber): Promise<string> {
    const { secrets, sites } = this.#ports
    const site = this.#now(given)
    const { secret, marks } = await secrets.replace(site, number)
    sites.put({ ...site, secrets: marks })
    this.closeRefused()
    return secret
  }

  /** Sockets are closed before the store is asked: a revocation that may not outlive a restart is better than none. */
  async #revoke(revocable: Revocable): Promise<number> {
    const kept = this.#ports.revocations.revoke(revocable)
    const closed = this.closeRefused()
    await kept
    return closed
  }

  /** The site as it is when its turn has come. @throws ProtocolError `UnknownSite` if it has gone */
  #now({ bot, id }: Site): Site {
    const site = this.#ports.sites.of(bot.id, id)
    if (site === undefined) throw new ProtocolError('UnknownSite', 'There is no such site.')
    return site
  }

  /** Takes up what other nodes have revoked and deleted, if it is among the settings named. */
  async takeUp(names: readonly string[]): Promise<void> {
    if (!names.includes(revocationsSetting)) return
    const { revocations, retention } = this.#ports
    const gone = await revocations.takeUp()
    // First, so that they are told what those on the other node were told.
    for (const conversation of gone) retention.forgotten(conversation, 'conversation deleted')
    this.closeRefused()
  }

  /** Closes the sockets that what they were opened with would not open any more. Answers how many. */
  closeRefused(): number {
    const { hub, credentials } = this.#ports
    const { code, reason } = revokedClose
    return hub.closeWhere(({ grant }) => credentials.refusesSocket(grant), code, reason)
  }
}
