/**
 * Fields that may be absent: checking them in what arrives, where `null` is nothing and names come in any case;
 * reading them in what is stored, where nobody is left to complain to; and leaving them out of what we write.
 */
import { ProtocolError } from './errors.ts'
import { fieldAnyCase, isObject, type JsonObject } from './fields.ts'

/** The member of this name whatever its case; undefined where it is absent or `null`. */
export const optionalField = (object: JsonObject, name: string): unknown => fieldAnyCase(object, name) ?? undefined

/** Text under this name, empty text included. @throws ProtocolError `MalformedBody` for any other type */
export function optionalString(object: JsonObject, name: string): string | undefined {
  const value = optionalField(object, name)
  if (value === undefined || typeof value === 'string') return value
  throw wrongType(name, 'a string')
}

/** A number under this name. @throws ProtocolError `MalformedBody` for any other type */
export function optionalNumber(object: JsonObject, name: string): number | undefined {
  const value = optionalField(object, name)
  if (value === undefined || typeof value === 'number') return value
  throw wrongType(name, 'a number')
}

/** An object under this name. @throws ProtocolError `MalformedBody` for any other type */
export function optionalObject(object: JsonObject, name: string): JsonObject | undefined {
  const value = optionalField(object, name)
  if (value === undefined || isObject(value)) return value
  throw wrongType(name, 'an object')
}

/** The objects listed under this name; none where it is absent. @throws ProtocolError `MalformedBody` for anything else */
export function listedObjects(object: JsonObject, name: string): readonly JsonObject[] {
  const value = optionalField(object, name) ?? []
  if (Array.isArray(value) && value.every(isObject)) return value
  throw wrongType(name, 'a list of objects')
}

/** The strings listed under this name; none where it is absent. @throws ProtocolError `MalformedBody` for anything else */
export function listedStrings(object: JsonObject, name: string): readonly string[] {
  const value = optionalField(object, name) ?? []
  if (Array.isArray(value) && value.every(item => typeof item === 'string')) return value
  throw wrongType(name, 'a list of strings')
}

const wrongType = (name: string, expected: string) =>
  new ProtocolError('MalformedBody', `'${name}' must be ${expected}.`)

/** Text under this name; undefined for anything else, empty text included. */
export function textIn(object: JsonObject, name: string): string | undefined {
  const value = object[name]
  return typeof value === 'string' ? filledText(value) : undefined
}

/** The object under this name; an empty one for anything else. */
export function partIn(object: JsonObject, name: string): JsonObject {
  const value = object[name]
  return isObject(value) ? value : {}
}

/** The objects in the list under this name, whatever else is in it; none for anything but a list. */
export function objectsIn(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name]
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** An object whose undefined members have gone: those that could be undefined are optional. */
export type Present<Members> = {
  readonly [Name in keyof Members as undefined extends Members[Name] ? never : Name]: Members[Name]
} & {
  readonly [Name in keyof Members as undefined extends Members[Name] ? Name : never]?: Exclude<Members[Name], undefined>
}

/** The same object without its undefined members, so that what has no value is not there at all. */
export const present = <Members extends object>(members: Members): Present<Members> =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as Present<Members>

/** The text, or undefined where there is none to speak of. */
export const filledText = (text: string | undefined): string | undefined => (text === '' ? undefined : text)

/** The list, or undefined where it has no entries. */
export const filledList = <Item>(list: readonly Item[]): readonly Item[] | undefined =>
  list.length === 0 ? undefined : list
