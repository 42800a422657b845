/**
 * The JSON Schema of the settings file, made of the tables: for editors, and for who checks a file elsewhere.
 */
import { toJsonSchema } from '@valibot/to-json-schema'
import { botRows, siteRows } from './bots-table.ts'
import type { Row, Table } from './row.ts'
import { written } from './show.ts'
import { table } from './table.ts'

type Schema = Readonly<Record<string, unknown>>

/** Where the text of a secret may be. */
const elsewhere = ['env', 'file'].map(name => ({
  type: 'object',
  properties: { [name]: { type: 'string' } },
  required: [name],
  additionalProperties: false,
}))

/** The schema, of JSON Schema's draft 7, which most editors know. */
export function jsonSchema(): Schema {
  const sites = { description: 'The sites of the bot. Without any it has one.', type: 'array', items: group(siteRows) }
  const bots = {
    description: 'The bots. In the settings of `dev`, without this there is one where the SDKs’ samples listen.',
    type: 'array',
    items: group(botRows, { sites }),
  }
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Settings of Landline',
    ...group(table, { bots }),
  }
}

/** A mapping with the settings of a table, by the parts of their names. */
function group(rows: Table, more: Schema = {}): Schema {
  const heads = new Map<string, [rest: string, row: Row][]>()
  for (const [path, row] of Object.entries(rows)) {
    const [, head = path, rest = ''] = /^([^.]+)\.(.+)$/.exec(path) ?? []
    const members = heads.get(head) ?? []
    heads.set(head, members)
    members.push([rest, row])
  }
  const properties = [...heads].map(([head, members]) => {
    const [[rest, row] = ['', undefined]] = members
    return [head, rest === '' && row !== undefined ? leaf(row) : orNothing(group(Object.fromEntries(members)))]
  })
  return { type: 'object', properties: { ...Object.fromEntries(properties), ...more }, additionalProperties: false }
}

/** All of a mapping may be commented out. */
const orNothing = (schema: Schema): Schema => ({ ...schema, type: ['object', 'null'] })

function leaf({ kind, meaning, dev, serve, without }: Row): Schema {
  // What a check or a reading adds can not be said in the schema: the program says it.
  const { $schema: _, ...bare } = toJsonSchema(kind.schema, {
    typeMode: 'input',
    errorMode: 'ignore',
    target: 'draft-07',
  })
  const schema = kind.secret ? secret(bare) : bare
  // One that hangs on other settings is no default of a schema.
  const isPlain = JSON.stringify(dev) === JSON.stringify(serve) && without === undefined
  return { description: meaning, ...schema, ...(isPlain && dev !== undefined && { default: written(kind, dev) }) }
}

function secret(schema: Schema): Schema {
  if (schema['type'] === 'array') return { ...schema, items: secret(schema['items'] as Schema) }
  return { anyOf: [schema, ...elsewhere] }
}
