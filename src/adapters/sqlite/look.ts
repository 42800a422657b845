/**
 * The main thread's side of the looking thread, which is started when somebody first looks in.
 */
import { resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Look, LookEntries, Looked, LookFilter, LookPage, LookPlace, LookRange } from '../../domain/look-port.ts'
import { ProtocolError } from '../../protocol/errors.ts'
import type { ConversationId } from '../../protocol/ids.ts'
import type { Position } from '../../protocol/watermark.ts'
import { databaseFile } from './folder.ts'
import type { FromLooker, LookCommand, LookerSetup, LookResult, LookResults, ToLooker } from './look-commands.ts'

/** How many questions may wait; further ones are refused. */
const waitingMax = 256

type Waiting = { readonly resolve: (result: LookResult) => void; readonly reject: (error: Error) => void }

/** Looks into the store of a folder, which is open. To be closed before it. */
export class SqliteLook implements Look {
  readonly #setup: LookerSetup
  #worker: Worker | undefined
  /** In the order they were asked, which is that of the answers. */
  #waiting: Waiting[] = []
  #closed: Promise<void> | undefined

  constructor({ dir }: { readonly dir: string }) {
    this.#setup = { file: databaseFile(resolve(dir)) }
  }

  conversations(filter: LookFilter, from: LookPlace | number, max: number): Promise<LookPage> {
    return this.#ask({ kind: 'conversations', filter, from, max })
  }

  count(filter: LookFilter): Promise<number> {
    return this.#ask({ kind: 'count', filter })
  }

  these(conversations: readonly ConversationId[]): Promise<readonly Looked[]> {
    return this.#ask({ kind: 'these', conversations })
  }

  entries(
    conversation: ConversationId,
    range: LookRange,
    limits: { readonly entries: number; readonly characters: number },
  ): Promise<LookEntries | undefined> {
    return this.#ask({ kind: 'entries', conversation, range, limits })
  }

  before(conversation: ConversationId, shown: number): Promise<Position | undefined> {
    return this.#ask({ kind: 'before', conversation, shown })
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  #ask<C extends LookCommand>(command: C): Promise<LookResults[C['kind']]> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) return reject(new ProtocolError('Unavailable', 'The store is closed.'))
      if (this.#waiting.length >= waitingMax)
        return reject(new ProtocolError('Unavailable', 'Too many are looking in at once.'))
      this.#waiting.push({ resolve: resolve as Waiting['resolve'], reject })
      this.#worker ??= this.#start()
      this.#worker.postMessage(command satisfies ToLooker)
    })
  }

  #start(): Worker {
    const worker = new Worker(new URL('./looker.ts', import.meta.url), {
      workerData: this.#setup,
      name: 'landline-looker',
    })
    worker.on('message', (message: FromLooker) => {
      const asked = this.#waiting.shift()
      if ('error' in message) asked?.reject(notRead(message.error))
      else asked?.resolve(message.result)
    })
    let cause: unknown
    worker.on('error', error => (cause = error))
    // Whoever still waits is told; who asks next starts another.
    worker.once('exit', () => {
      const lost = this.#waiting
      this.#waiting = []
      this.#worker = undefined
      for (const one of lost) one.reject(notRead(cause))
    })
    return worker
  }

  async #close(): Promise<void> {
    const worker = this.#worker
    if (worker === undefined) return
    await new Promise<void>(closed => {
      worker.once('exit', () => closed())
      worker.postMessage('close' satisfies ToLooker)
    })
  }
}

const notRead = (cause: unknown): Error =>
  new ProtocolError('Unavailable', 'The service cannot read this now.', { cause })
