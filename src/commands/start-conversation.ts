/**
 * Conversations that commands begin.
 */
import type { BotBody } from '../protocol/admin.ts'
import type { StartedBody } from '../protocol/admin-conversations.ts'
import { usageFailure } from './failure.ts'
import type { Service } from './service.ts'

/** Begins a conversation with a bot, the only one there is if none is named. @param how as `onlyBot` @throws CommandFailure */
export async function newConversation(
  service: Service,
  { bot, user }: { readonly bot?: string | undefined; readonly user?: string | undefined },
  how?: string,
): Promise<StartedBody> {
  return service.send('POST', '/conversations', { bot: bot ?? (await onlyBot(service, how)), user })
}

/**
 * The id of the only bot.
 *
 * @param how what the person can do where there are several: a sentence
 * @throws CommandFailure if there is none, or there are several
 */
export async function onlyBot(service: Service, how = 'Say which with --bot.'): Promise<string> {
  const bots = await service.list<BotBody>('/bots')
  const [bot, ...others] = bots
  if (bot === undefined) throw usageFailure('The service has no bot', 'Add one with `landline bot add URL`.')
  if (others.length > 0) throw usageFailure(`There are several bots: ${bots.map(({ id }) => id).join(', ')}`, how)
  return bot.id
}
