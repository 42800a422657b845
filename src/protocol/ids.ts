/**
 * The names things go by. Each kind of id is a type of its own, so that one can't be passed for another.
 */

declare const brand: unique symbol

/** A string known to be an id of one kind. */
type Id<Kind extends string> = string & { readonly [brand]: Kind }

/** A conversation: 22 base-62 characters, 131 random bits, never used twice. */
export type ConversationId = Id<'ConversationId'>

/** An activity as clients and bots name it: `{conversation}|{number, at least 7 digits}`. */
export type ActivityId = Id<'ActivityId'>

/** A person in a conversation, in the words of whoever issued the token or sent the activity. */
export type UserId = Id<'UserId'>

/** A bot's account. The same id towards the bot and towards clients. */
export type BotId = Id<'BotId'>

/** A site of a bot: a pair of secrets with switches of its own. */
export type SiteId = Id<'SiteId'>

/** A stored file: 22 base-62 characters, 131 random bits. Who knows it may read the file until it expires. */
export type FileId = Id<'FileId'>

/** Length of the random ids: 22 characters of base 62 hold 131 bits. */
export const randomIdLength = 22

const randomIdPattern = /^[A-Za-z0-9_-]{1,55}$/

/**
 * Reads a conversation id from a path or a token. Says no to anything that can't be one, so that what goes on
 * is safe in paths, file names and queries.
 */
export function readConversationId(text: string): ConversationId | undefined {
  return randomIdPattern.test(text) ? (text as ConversationId) : undefined
}

/** Reads a file id from a path. Says no to anything that can't be one: it becomes a file's name on disk. */
export function readFileId(text: string): FileId | undefined {
  return randomIdPattern.test(text) ? (text as FileId) : undefined
}

/** Takes random text as the id of a new conversation. */
export const newConversationId = (random: string): ConversationId => random as ConversationId

/** Takes random text as the id of a new file. */
export const newFileId = (random: string): FileId => random as FileId

/** Takes text that has been checked for length as a person's id: any characters may occur in it. */
export const userId = (text: string): UserId => text as UserId

/** Takes a configured name as a bot's id. */
export const botId = (text: string): BotId => text as BotId

/** Takes a configured name as a site's id. */
export const siteId = (text: string): SiteId => text as SiteId

/** Takes text as an activity id without looking into it: a bot may answer to ids that were never ours. */
export const activityId = (text: string): ActivityId => text as ActivityId
