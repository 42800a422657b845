/**
 * Asking before something is lost.
 */
import { createInterface } from 'node:readline/promises'
import { usageFailure } from './failure.ts'
import { isInteractive } from './output.ts'

/**
 * Resolves when the person agrees, or has said --yes. Scripts must say it: nobody is there to be asked.
 *
 * @throws CommandFailure if they don't agree, or can't be asked
 */
export async function agreed(question: string, { yes }: { readonly yes?: boolean }): Promise<void> {
  if (yes === true) return
  if (!isInteractive())
    throw usageFailure(`${question} There is nobody to ask.`, 'Say --yes to do it without being asked.')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const answer = await terminal.question(`${question} [y/N] `)
    if (!/^y(?:es)?$/i.test(answer.trim())) throw usageFailure('Nothing was done.', 'Answer y to go on.')
  } finally {
    terminal.close()
  }
}
