/**
 * `landline tail`: what is said and what became of it, a line each, as it happens.
 */
import type { TailLine } from '../protocol/admin-live.ts'
import { type Context, type Definition, type ServiceOptions, withService } from './context.ts'
import { Output } from './output.ts'
import { findService } from './service.ts'
import { recordText, turnText } from './tail-text.ts'

type TailOptions = ServiceOptions & {
  readonly bot?: string
  readonly conversation?: string
  readonly failed?: boolean
  readonly bodies?: boolean
}

/** Adds the command. */
export const tail: Definition = (command, context) => {
  withService(
    command
      .option('--bot <bot>', 'only what this bot hears and says')
      .option('--conversation <id>', 'only this conversation')
      .option('--failed', 'only turns that failed')
      .option('--bodies', 'what was sent to the bot, and what it answered'),
  ).action((options: TailOptions) => follow(options, context))
}

async function follow(options: TailOptions, context: Context): Promise<void> {
  const { bot, conversation, failed, bodies } = options
  const service = await findService(options, context)
  const out = new Output(options)
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries({ bot, conversation, failed, bodies }))
    if (value !== undefined) query.set(name, String(value))
  const never = new AbortController()
  for await (const line of service.lines(`/tail?${query}`, never.signal)) {
    if (out.json) out.line(line)
    else show(JSON.parse(line) as TailLine, out)
  }
  out.note('The service has stopped.')
}

function show(line: TailLine, out: Output): void {
  if (line.kind === 'record') out.line(recordText(line, out))
  else if (line.kind === 'turn') out.line(turnText(line.turn, out))
  // What else a newer service has to say, we would not know how to show.
  else if (line.kind === 'dropped') out.note(`${line.dropped} lines are missing here: they came too fast.`)
}
