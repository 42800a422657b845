/**
 * `landline chat`: a person, or a script, talks with a bot over Direct Line.
 */
import { createInterface } from 'node:readline/promises'
import { ChatSession, type ChatWords } from './chat-session.ts'
import { type Context, type Definition, type ServiceOptions, withService } from './context.ts'
import { CommandFailure, exitCodes } from './failure.ts'
import { isInteractive, Output } from './output.ts'
import { findService } from './service.ts'

type ChatOptions = ServiceOptions & { readonly bot?: string; readonly user?: string; readonly conversation?: string }

/** What is not said to the bot. */
const ownWords = '/restart begins again, /new as somebody else, /json shows the last activity, /quit ends it.'

/** Adds the command. */
export const chat: Definition = (command, context) => {
  withService(
    command
      .option('--bot <bot>', 'the bot to talk with (default: the only one)')
      .option('--user <id>', 'who speaks; it must begin with dl_ (default: somebody new)')
      .option('--conversation <id>', 'go on with this conversation (default: a new one)'),
  ).action((options: ChatOptions) => talk(options, context))
}

async function talk(options: ChatOptions, context: Context): Promise<void> {
  const service = await findService(options, context)
  const out = new Output(options)
  const atTerminal = isInteractive() && !out.json
  if (atTerminal) out.note(ownWords)
  const terminal = createInterface({
    input: process.stdin,
    ...(atTerminal ? { output: process.stdout, prompt: '> ' } : {}),
  })
  terminal.on('SIGINT', () => {
    process.stdout.write('\n')
    process.exit(exitCodes.interrupted)
  })
  // From here on no line is lost, though nobody asks for one yet.
  const lines = terminal[Symbol.asyncIterator]()
  let isOpen = true
  terminal.once('close', () => {
    isOpen = false
  })
  // Whoever has said that there is no more to come, by Ctrl-D, is not prompted for more.
  const prompt = () => {
    if (isOpen) terminal.prompt(true)
  }
  const words: ChatWords = atTerminal ? wordsAt(prompt, out) : wordsIn(out)
  try {
    using session = await ChatSession.open(service, options, words)
    if (atTerminal) await converse(lines, session, prompt)
    else await sendLines(lines, session)
  } finally {
    terminal.close()
  }
}

/** Where nobody watches: what the bot says, and nothing else. */
const wordsIn = (out: Output): ChatWords => ({
  activity: (activity, text, isOwn) => {
    if (out.json) out.line(JSON.stringify(activity))
    else if (!isOwn) out.line(text)
  },
  note: text => out.note(text),
  past: false,
})

/** Where somebody sits: what arrives goes above the line that is being typed. */
const wordsAt = (prompt: () => void, out: Output): ChatWords => {
  const print = (text: string) => {
    process.stdout.write(`\r\u001b[K${text}\n`)
    prompt()
  }
  return {
    activity: (_activity, text, isOwn, isPast) => {
      if (text === '' || (isOwn && !isPast)) return
      print(isOwn ? out.styled('dim', `> ${text}`) : out.styled('cyan', text))
    },
    note: text => print(out.styled('yellow', text)),
    past: true,
  }
}

/** Each line when the turn of the one before is over, until there are no more. @throws CommandFailure if one was not taken */
async function sendLines(lines: AsyncIterable<string>, session: ChatSession): Promise<void> {
  await session.settled()
  for await (const line of lines) {
    if (line.trim() === '/quit') break
    await session.say(line)
    await session.settled()
  }
  if (session.failure === undefined) return
  const { code, message } = session.failure
  throw new CommandFailure('unreachable', code, message, '`landline bot check` finds out why.')
}

/** Until the person has had enough; a bot that fails is no reason to end. */
async function converse(lines: AsyncIterable<string>, session: ChatSession, prompt: () => void): Promise<void> {
  prompt()
  for await (const line of lines) {
    if (line.trim() === '/quit') return
    await session.say(line)
    prompt()
  }
}
