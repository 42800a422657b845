/**
 * The writing thread: takes groups of changes, makes each group durable with one commit, and answers it with one
 * message. A sync takes as long as the disk likes, so it must not happen where sockets are served.
 */

import type { DatabaseSync } from 'node:sqlite'
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import type { LogLimits } from '../../domain/ports.ts'
import { Changes } from './changes.ts'
import type { Command, FromWriter, Result, ToWriter, WriterSetup } from './commands.ts'
import { openConnection } from './connection.ts'

/** The writing connection. After anything unexpected it is closed, and opened again for the next group. */
class Writer {
  readonly #file: string
  readonly #limits: LogLimits
  #connection: { readonly database: DatabaseSync; readonly changes: Changes } | undefined

  constructor({ file, limits }: WriterSetup) {
    this.#file = file
    this.#limits = limits
  }

  /** Opens the connection if it is not open. */
  open(): { readonly database: DatabaseSync; readonly changes: Changes } {
    if (this.#connection === undefined) {
      const database = openConnection(this.#file)
      this.#connection = { database, changes: new Changes(database, this.#limits) }
    }
    return this.#connection
  }

  /** Makes a group of changes in one transaction. Answers each, in order, with its result or why it was not made. */
  write(commands: readonly Command[]): readonly (Result | Error)[] {
    const results: Result[] = []
    let phase: 'beginning' | 'changing' | 'committing' = 'beginning'
    try {
      const { database, changes } = this.open()
      database.exec('BEGIN IMMEDIATE')
      phase = 'changing'
      for (const command of commands) results.push(changes.make(command))
      phase = 'committing'
      database.exec('COMMIT')
      return results
    } catch (error) {
      // Closing rolls back. After a failed sync the system may take what it could not write for written, so nothing
      // goes on from what this connection knows: the state of every log is read anew by a fresh one.
      this.close()
      // One of them is at fault; alone in its transaction it can't fail its neighbours.
      if (phase === 'changing' && commands.length > 1) return commands.flatMap(command => this.write([command]))
      return commands.map(() => (error instanceof Error ? error : new Error(String(error))))
    }
  }

  /** Closes the connection. An open transaction is rolled back. */
  close(): void {
    const connection = this.#connection
    this.#connection = undefined
    connection?.database.close()
  }
}

function serve(port: MessagePort, setup: WriterSetup): void {
  const writer = new Writer(setup)
  const answer = (message: FromWriter) => port.postMessage(message)
  port.on('message', (message: ToWriter) => {
    if (message !== 'close') return answer(writer.write(message))
    // Without its port nothing keeps the thread alive. What could not be moved into the database stays in its log.
    port.close()
    writer.close()
  })
  writer.open()
  answer('open')
}

if (parentPort !== null) serve(parentPort, workerData as WriterSetup)
