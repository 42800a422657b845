/**
 * What is settled before a client's activity is taken: who sends it, whether clients may send it, and what becomes of it.
 */
import type { Activity } from '../protocol/activity.ts'
import { ProtocolError } from '../protocol/errors.ts'
import { userId } from '../protocol/ids.ts'
import { idCharactersMax } from '../protocol/limits.ts'
import { type ConversationGrant, refuseUntokenedUser } from './grant.ts'
import type { Sender } from './stamp.ts'

/**
 * Who speaks: the credential's user, else whoever the activity names, else the fallback.
 *
 * @throws ProtocolError `MissingProperty` if nobody is named, `Unacceptable` for an id that is too long, or that only a
 * token or the bot may have
 */
export function senderOf(grant: ConversationGrant, activity: Activity, fallbackUser: string | undefined): Sender {
  const name = activity.from?.name || undefined
  if (grant.user !== undefined) return { id: grant.user.id, name: grant.user.name ?? name }
  const id = activity.from?.id || fallbackUser
  if (!id) throw new ProtocolError('MissingProperty', "Missing 'Activity.From' field.")
  if (id.length > idCharactersMax)
    throw new ProtocolError('Unacceptable', `The id of a user may have ${idCharactersMax} characters.`)
  const sender = { id: userId(id), name }
  refuseUntokenedUser(grant.site, sender.id)
  return sender
}

/**
 * Refuses what is the service's or another channel's to say, in any spelling: bots in .NET tell types apart without
 * regard to case.
 *
 * @throws ProtocolError `Unacceptable`
 */
export function refuseUnsendable(grant: ConversationGrant, activity: Activity): void {
  const type = activity.type.toLowerCase()
  if (type === 'contactrelationupdate') {
    throw new ProtocolError('Unacceptable', 'Activities of type contactRelationUpdate are not supported.')
  }
  const isTokenResponse = type === 'event' && activity.name?.toLowerCase() === 'tokens/response'
  if (isTokenResponse && !grant.site.allowTokenResponse) {
    throw new ProtocolError('Unacceptable', 'Only a token service may send tokens/response.')
  }
}

/** What is done with a client's activity before the bot gets it: kept and shown, only shown, or neither. */
export function treatmentOf(activity: Activity): 'record' | 'show' | 'hide' {
  switch (activity.type) {
    case 'typing':
      return 'show'
    case 'conversationUpdate':
    case 'trace':
      return 'hide'
    default:
      return 'record'
  }
}
