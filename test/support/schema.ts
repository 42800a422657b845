/**
 * JSON held against the schemas of an OpenAPI document: as much of JSON Schema as ours uses.
 */

/** A schema, or a part of one. */
export type Schema = {
  readonly $ref?: string
  readonly allOf?: readonly Schema[]
  readonly oneOf?: readonly Schema[]
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
  readonly items?: Schema
}

/** Finds what a `$ref` names. */
export type Resolve = (ref: string) => Schema

const typeOf = (value: unknown): string =>
  value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value

/** What is wrong with a value, each with its place; nothing if it is as the schema says. */
export function faults(value: unknown, schema: Schema, resolve: Resolve, at = ''): readonly string[] {
  if (schema.$ref !== undefined) return faults(value, resolve(schema.$ref), resolve, at)
  if (schema.allOf !== undefined) return faults(value, merged(schema.allOf, resolve), resolve, at)
  if (schema.oneOf !== undefined) {
    const fits = schema.oneOf.some(one => faults(value, one, resolve, at).length === 0)
    return fits ? [] : [`${at} is none of what it may be`]
  }
  const types = schema.type === undefined ? [] : [schema.type].flat()
  const type = typeOf(value)
  if (types.length > 0 && !types.includes(type) && !(type === 'integer' && types.includes('number')))
    return [`${at} is ${type}, not ${types.join(' or ')}`]
  if (schema.enum !== undefined && !schema.enum.includes(value)) return [`${at} is not one of ${schema.enum.join()}`]
  if (Array.isArray(value))
    return value.flatMap((item, index) => faults(item, schema.items ?? {}, resolve, `${at}/${index}`))
  return type === 'object' ? faultsOfObject(value as Record<string, unknown>, schema, resolve, at) : []
}

function faultsOfObject(
  value: Readonly<Record<string, unknown>>,
  { properties = {}, required = [], additionalProperties }: Schema,
  resolve: Resolve,
  at: string,
): readonly string[] {
  const missing = required.filter(name => !(name in value)).map(name => `${at}/${name} is missing`)
  const within = Object.entries(value).flatMap(([name, member]) => {
    const schema = properties[name]
    if (schema !== undefined) return faults(member, schema, resolve, `${at}/${name}`)
    return additionalProperties === false ? [`${at}/${name} is not known`] : []
  })
  return [...missing, ...within]
}

/** Objects that go together are one object. */
function merged(parts: readonly Schema[], resolve: Resolve): Schema {
  const all: readonly Schema[] = parts.map(part => (part.$ref === undefined ? part : resolve(part.$ref)))
  const flat = all.flatMap(part => (part.allOf === undefined ? [part] : [merged(part.allOf, resolve)]))
  return {
    type: 'object',
    properties: Object.assign({}, ...flat.map(({ properties }) => properties)),
    required: flat.flatMap(({ required = [] }) => required),
    additionalProperties: flat.every(part => part.additionalProperties !== false),
  }
}
