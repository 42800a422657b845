/**
 * What users send, as bots can be sent it. The Agents SDK holds every activity to a schema and answers 500 to what does
 * not fit, and clients send such things in good faith: what is empty goes, and what must be there is put there or goes
 * with what holds it.
 */
import { activityNames, channelId } from '../protocol/activity.ts'
import { readDataUrl, unknownMediaType } from '../protocol/attachment.ts'
import { isNumber, isObject, type JsonObject, namesByLowerCase, withCanonicalNames } from '../protocol/fields.ts'
import { mediaTypeOf } from '../protocol/media-url.ts'

/** The members of an activity. */
export type Members = readonly (readonly [string, unknown])[]

/**
 * The members as a bot is sent them: the same ones where all is well, as it is nearly always.
 *
 * @param text the members as JSON text
 */
export function fitForBots(members: Members, text: string): Members {
  const cleaned = mayHoldNothing(text) ? withoutNothing(members) : members
  // By index: taking a member apart costs more than all there is to look at in it.
  if (cleaned.every(member => fitOf(shapes, member[0], member[1]) === member[1])) return cleaned
  return cleaned
    .map(([name, value]) => [name, fitOf(shapes, name, value)] as const)
    .filter(([, value]) => value !== undefined)
}

/** Cheap and never wrongly no. */
const mayHoldNothing = (text: string): boolean => text.includes('null') || text.includes('""')

/** Names whose values belong to the application: nothing inside them is ours to clean. */
const opaque = new Set(['channelData', 'value', 'entities', 'content'])

/** Drops `null` members and empty strings of known fields. What is not known means whatever its sender meant by it. */
function withoutNothing(members: Members): Members {
  const known = members.filter(([name, value]) => !isNothing(value) || !activityNames.has(name.toLowerCase()))
  return known.map(([name, value]) => [
    name,
    opaque.has(name) || !activityNames.has(name.toLowerCase()) ? value : withoutNothingIn(value),
  ])
}

function withoutNothingIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter(item => item !== null).map(withoutNothingIn)
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([, member]) => !isNothing(member))
  return Object.fromEntries(kept.map(([name, member]) => [name, opaque.has(name) ? member : withoutNothingIn(member)]))
}

const isNothing = (value: unknown): boolean => value === null || value === ''

/** Gives a value as it may be sent: itself where it fits, undefined where it must be left out. */
type Shape = (value: unknown) => unknown

/** What is put in the place of a member that must be there; undefined: there is nothing to put. */
type Instead = (part: JsonObject) => unknown

const text: Shape = value => (typeof value === 'string' && value !== '' ? value : undefined)
const number: Shape = value => (isNumber(value) ? value : undefined)
const flag: Shape = value => (typeof value === 'boolean' ? value : undefined)

/** Of a list, what fits. */
const listOf =
  (shape: Shape): Shape =>
  value => {
    if (!Array.isArray(value)) return undefined
    return value.every(item => shape(item) === item)
      ? value
      : value.map(item => shape(item)).filter(item => item !== undefined)
  }

/** An object of which some members are known, and some of these needed: without one of them it is left out. */
function part(known: Readonly<Record<string, Shape>>, needed: Readonly<Record<string, Instead>> = {}): Shape {
  const shapes = new Map(Object.entries(known))
  const spellings = namesByLowerCase(Object.keys(known))
  const needs = Object.entries(needed)
  return value => {
    if (!isObject(value)) return undefined
    // Bots in .NET read names in any case: what is there in another spelling is not missing.
    const given = needs.some(need => value[need[0]] === undefined) ? withCanonicalNames(value, spellings) : value
    let fitting = given
    for (const name of Object.keys(given)) {
      const fitted = fitOf(shapes, name, given[name])
      if (fitted !== given[name]) fitting = { ...fitting, [name]: fitted }
    }
    for (const need of needs) {
      const name = need[0]
      if (fitting[name] !== undefined) continue
      const put = need[1](given)
      if (put === undefined) return undefined
      fitting = { ...fitting, [name]: put }
    }
    return fitting
  }
}

/** What is not known fits. */
function fitOf(shapes: ReadonlyMap<string, Shape>, name: string, value: unknown): unknown {
  const shape = shapes.get(name)
  return shape === undefined ? value : shape(value)
}

const nothing: Instead = () => undefined
const texts = (...names: readonly string[]): Readonly<Record<string, Shape>> =>
  Object.fromEntries(names.map(name => [name, text]))

const accountTexts = texts(
  ...['id', 'name', 'role', 'aadObjectId', 'tenantId'],
  ...['agenticUserId', 'agenticAppId', 'agenticAppBlueprintId'],
)
const account = part(accountTexts)
const typed = part({ type: text }, { type: nothing })

/** Rather than lose what somebody sent, an attachment that does not say its type is given one. */
const attachment = part(texts('contentType', 'contentUrl', 'name', 'thumbnailUrl'), {
  contentType: ({ contentUrl, content }) => {
    if (typeof contentUrl === 'string') return readDataUrl(contentUrl)?.mediaType ?? mediaTypeOf(contentUrl)
    return content === undefined || content === null ? undefined : unknownMediaType
  },
})

/** A button without a title shows what it says. */
const cardAction = part(texts('type', 'title', 'image', 'text', 'displayText', 'imageAltText'), {
  type: nothing,
  title: ({ displayText, text: said, value }) => [displayText, said, value].find(given => text(given) !== undefined),
})
const suggestedActions = part({ to: listOf(text), actions: listOf(cardAction) }, { to: () => [], actions: () => [] })

const entitiesByName: Shape = value => {
  if (!isObject(value)) return undefined
  const entries = Object.entries(value)
  return entries.every(([, entity]) => typed(entity) === entity)
    ? value
    : Object.fromEntries(entries.filter(([, entity]) => typed(entity) !== undefined))
}

/** What is known of an activity beyond texts: those have been held to being texts on their way in. */
const shapes: ReadonlyMap<string, Shape> = new Map([
  ['from', account],
  ['membersAdded', listOf(account)],
  ['membersRemoved', listOf(account)],
  ['attachments', listOf(attachment)],
  ['entities', listOf(typed)],
  ['reactionsAdded', listOf(typed)],
  ['reactionsRemoved', listOf(typed)],
  ['suggestedActions', suggestedActions],
  ['listenFor', listOf(text)],
  ['historyDisclosed', flag],
  ['textHighlights', listOf(part({ text, occurrence: number }, { text: nothing, occurrence: nothing }))],
  [
    'semanticAction',
    part({ id: text, state: text, entities: entitiesByName }, { id: nothing, state: nothing, entities: () => ({}) }),
  ],
  [
    'relatesTo',
    part(
      {
        ...texts('activityId', 'locale', 'channelId'),
        ...{ user: account, bot: account, agent: account },
        conversation: part({ ...accountTexts, conversationType: text, isGroup: flag }, { id: nothing }),
      },
      { conversation: nothing, channelId: () => channelId },
    ),
  ],
])
