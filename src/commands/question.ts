/**
 * Asking before something is lost.
 */
import { createInterface, type Interface } from 'node:readline/promises'
import { CommandFailure, usageFailure } from './failure.ts'
import { isInteractive } from './output.ts'

/**
 * Resolves when the person agrees, or has said --yes. Scripts must say it: nobody is there to be asked.
 *
 * @throws CommandFailure if they don't agree, or can't be asked; `interrupted` if they leave by Ctrl-C or Ctrl-D
 */
export async function agreed(question: string, { yes }: { readonly yes?: boolean }): Promise<void> {
  if (yes === true) return
  if (!isInteractive())
    throw usageFailure(`${question} There is nobody to ask.`, 'Say --yes to do it without being asked.')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await Promise.race([terminal.question(`${question} [y/N] `), leaving(terminal)])
    if (!/^y(?:es)?$/i.test(answer.trim())) throw usageFailure('Nothing was done.', 'Answer y to go on.')
  } finally {
    terminal.close()
  }
}

/** Rejects when nobody will answer any more: at either key, before the question itself does. */
const leaving = (terminal: Interface): Promise<never> =>
  new Promise((_resolve, reject) => {
    // The cursor still stands behind the question: an empty line comes first.
    const left = new CommandFailure('interrupted', 'Interrupted', 'Nothing was done', 'Answer y or n.', {
      details: [''],
    })
    terminal.once('close', () => reject(left))
  })
