/**
 * Everything the bench can measure, in the order in which it does.
 */
import type { Figure, Say } from './figures.ts'
import { closedLoop } from './rows/closed-loop.ts'
import { idleSockets } from './rows/idle-sockets.ts'
import { inspect } from './rows/inspect.ts'
import { longLog } from './rows/long-log.ts'
import { nodes } from './rows/nodes.ts'
import { polling } from './rows/polling.ts'
import { sends } from './rows/sends.ts'
import { start } from './rows/start.ts'
import { store } from './rows/store.ts'
import { storm } from './rows/storm.ts'
import type { Scale } from './scale.ts'

/** Measures something. What it starts, it ends. */
export type Row = (scale: Scale, say: Say) => Promise<readonly Figure[]>

/** By the name that `--only` takes. */
export const rows = {
  loop: closedLoop,
  sends,
  polling,
  storm,
  sockets: idleSockets,
  long: longLog,
  start,
  store,
  inspect,
  nodes,
} as const satisfies Readonly<Record<string, Row>>

/** The rows that stand on PostgreSQL. The others are measured on SQLite, and on nothing else. */
export const rowsOnPostgres: readonly RowName[] = ['nodes']

/** The name of a row. */
export type RowName = keyof typeof rows
