/**
 * Whom a v1 bot's message is for. Everybody in the conversation sees it; the data that comes with it is about one person.
 */
import { serviceAddress } from '../protocol/bot-message.ts'
import { isObject, parseOwnJson } from '../protocol/fields.ts'
import { userId } from '../protocol/ids.ts'
import { positionOf } from '../protocol/watermark.ts'
import type { BotGrant } from './grant.ts'
import type { ConversationStore, Member } from './ports.ts'

/** What a bot's message says of whom it is for. */
export type Addressed = {
  /** The id of its `to`. */
  readonly to: string | undefined
  /** The id of the message it answers. */
  readonly repliesTo: string | undefined
}

/**
 * The member the message is to; else whoever sent what it answers; else somebody it names who is not here, or not yet;
 * else the only person in the conversation. Where it names nobody and there are several, or none yet, nobody is meant:
 * a guess would bring one person's data along with what another says.
 */
export async function addresseeOf(
  store: Pick<ConversationStore, 'members' | 'entryAt'>,
  grant: BotGrant,
  { to, repliesTo }: Addressed,
): Promise<Member | undefined> {
  const members = await store.members(grant.conversation)
  const person = (id: string | undefined) => (id === undefined || isNobody(grant, id) ? undefined : userId(id))
  const named = person(to)
  const addressed = members.find(({ id }) => id === named)
  if (addressed !== undefined) return addressed
  const answered = person(await senderOf(store, grant, repliesTo)) ?? named
  if (answered !== undefined) return members.find(({ id }) => id === answered) ?? { id: answered, name: undefined }
  return members.length === 1 ? members[0] : undefined
}

/** The bot itself, and the service: a bot that answers what the service told it names that as well. */
const isNobody = ({ bot }: BotGrant, id: string): boolean => id === bot.id || id === serviceAddress

async function senderOf(
  store: Pick<ConversationStore, 'entryAt'>,
  { conversation }: BotGrant,
  id: string | undefined,
): Promise<string | undefined> {
  const at = id === undefined ? undefined : positionOf(conversation, id)
  const entry = at === undefined ? undefined : await store.entryAt(conversation, at)
  const said = entry === undefined ? undefined : parseOwnJson(entry.text)
  const from = isObject(said) && isObject(said['from']) ? said['from']['id'] : undefined
  return typeof from === 'string' ? from : undefined
}
