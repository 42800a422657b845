/**
 * Starts the real bots, each as a program of its own: what goes wrong in an SDK stays there, and the service is
 * called by another process, as in life.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Socket } from 'node:net'
import type { SomeActivity } from './wire.ts'

/** A question to a bot program. */
export type Asked = {
  readonly number: number
  readonly question: 'received' | 'acknowledged' | 'proactive'
  readonly conversation?: string
  readonly text?: string
}

/** What a bot program tells: number 0 is its address, any other the answer to that question. */
export type Told = { readonly number: number; readonly value?: unknown; readonly problem?: string }

/** A running bot. Disposing it stops it. */
export type RealBot = AsyncDisposable & {
  /** The messaging endpoint. */
  readonly url: string
  /** Every activity posted to the endpoint so far, as it was on the wire, oldest first. */
  received(): Promise<readonly SomeActivity[]>
  /** What the bot has sent and was given an id for, oldest first. */
  acknowledged(): Promise<readonly { readonly conversation: string; readonly id: string }[]>
  /** Lets the bot say something unasked in a conversation it has been in. Rejects with the SDK's error. */
  proactive(conversation: string, text: string): Promise<void>
  /** What the program has printed: SDKs print the errors they answer with 500. */
  output(): string
  stop(): Promise<void>
}

/** How long a bot program may take to start or to answer the test: milliseconds. */
const patienceMs = 20_000

/** Variables of a bot's environment, by name. Without any it has no app id. */
export type BotEnvironment = Readonly<Record<string, string>>

/** Starts a bot made with botbuilder. */
export const startBotbuilderBot = (environment?: BotEnvironment): Promise<RealBot> =>
  start('botbuilder.ts', environment)

/** Starts a bot made with the Microsoft 365 Agents SDK. */
export const startAgentsBot = (environment?: BotEnvironment): Promise<RealBot> => start('agents.ts', environment)

async function start(file: string, environment: BotEnvironment = {}): Promise<RealBot> {
  // SDKs read settings from the environment; what this machine happens to have set must not change the bots.
  const child = fork(new URL(file, import.meta.url), {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { PATH: process.env['PATH'], ...environment },
  })
  // A test that fails before it can stop its bot must still end; the bot then ends with it.
  child.unref()
  let output = ''
  for (const stream of [child.stdout, child.stderr] as Socket[]) {
    stream.unref()
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }

  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  const told = (number: number) =>
    new Promise<unknown>((resolve, reject) => {
      const settle = (end: () => void) => {
        clearTimeout(timer)
        waiting.delete(number)
        end()
      }
      const timer = setTimeout(() => {
        settle(() => reject(new Error(`${file} did not answer in ${patienceMs} ms. It printed:\n${output}`)))
      }, patienceMs)
      waiting.set(number, {
        resolve: value => settle(() => resolve(value)),
        reject: error => settle(() => reject(error)),
      })
    })
  child.on('message', ({ number, value, problem }: Told) => {
    if (problem === undefined) waiting.get(number)?.resolve(value)
    else waiting.get(number)?.reject(new Error(problem))
  })
  child.channel?.unref()
  child.on('exit', code => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code}. It printed:\n${output}`))
  })

  let asked = 0
  const ask = (question: Omit<Asked, 'number'>): Promise<unknown> => {
    asked += 1
    const answer = told(asked)
    child.send({ number: asked, ...question } satisfies Asked)
    return answer
  }
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.ref()
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  const url = (await told(0)) as string
  return {
    url,
    received: async () => (await ask({ question: 'received' })) as readonly SomeActivity[],
    acknowledged: async () =>
      (await ask({ question: 'acknowledged' })) as readonly { conversation: string; id: string }[],
    proactive: async (conversation, text) => {
      await ask({ question: 'proactive', conversation, text })
    },
    output: () => output,
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
