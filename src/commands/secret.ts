/**
 * `landline secret`: the two secrets of a site.
 */
import type { Command } from 'commander'
import { type Context, type Definition, type ServiceOptions, withService } from './context.ts'
import { usageFailure } from './failure.ts'
import { Output } from './output.ts'
import { agreed } from './question.ts'
import { findService } from './service.ts'

/** Adds the command. */
export const secret: Definition = (command, context) => {
  const named = (name: string, about: string): Command =>
    withService(
      command
        .command(name)
        .description(about)
        .argument('<site>', 'its id, or {bot}.{site} where several have the id')
        .argument('<number>', '1 or 2'),
    )
  named('show', 'print a secret that is in use').action((site: string, number: string, options: ServiceOptions) =>
    ask(site, number, 'reveal', options, context),
  )
  named('regenerate', 'make a new one, and print it; the other one goes on being taken')
    .option('--yes', 'do it without being asked')
    .action(async (site: string, number: string, options: ServiceOptions & { readonly yes?: boolean }) => {
      checkNumber(number)
      await agreed(`Secret ${number} of ${site} is not taken any more then. Make a new one?`, options)
      await ask(site, number, 'regenerate', options, context)
    })
}

async function ask(
  site: string,
  number: string,
  what: 'reveal' | 'regenerate',
  options: ServiceOptions,
  context: Context,
): Promise<void> {
  checkNumber(number)
  const service = await findService(options, context)
  const path = `/sites/${encodeURIComponent(site)}/secrets/${number}/${what}`
  const body = await service.send<{ readonly secret: string }>('POST', path)
  new Output(options).result(body, body.secret)
}

function checkNumber(number: string): void {
  if (number !== '1' && number !== '2') throw usageFailure('A site has secrets 1 and 2', 'Name the site, then 1 or 2.')
}
