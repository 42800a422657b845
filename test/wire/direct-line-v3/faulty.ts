/**
 * The whole service with a part of the world exchanged for one that fails.
 */
import { startLandline } from '../../../src/app.ts'
import type { Event } from '../../../src/domain/events.ts'
import { type Outside, openOutside } from '../../../src/outside.ts'
import { defaultBot, defaultSite, defaults } from '../../../src/settings.ts'
import type { Administered } from '../../support/admin.ts'
import { neverOverloaded } from '../../support/app.ts'
import type { Service } from '../../support/direct-line.ts'
import { assertNothingTold, everythingIn } from '../../support/planted.ts'

/**
 * Starts the service with a store in memory. Disposing it stops it, and fails if its events have told what they must not.
 *
 * @param bot the bot's messaging endpoint
 * @param exchanged gives the parts to be exchanged, and is told the good ones
 * @param limits those of the settings; overload counts only if it is said here
 */
export async function startFaulty(
  bot: string,
  exchanged: (outside: Outside) => Partial<Outside>,
  limits = neverOverloaded,
): Promise<Service & Administered & AsyncDisposable & { readonly events: readonly Event[] }> {
  const secret = 'the-secret-of-the-tests-000000000001'
  const events: Event[] = []
  const outside = await openOutside({ kind: 'memory' })
  const landline = await startLandline(
    {
      ...defaults,
      listen: { host: '127.0.0.1', port: 0, further: 0 },
      store: { kind: 'memory' },
      limits,
      bots: [{ ...defaultBot, endpoint: bot, sites: [{ ...defaultSite, secrets: [secret] }] }],
    },
    { ...outside, ...exchanged(outside) },
    event => events.push(event),
  )
  return {
    base: `${landline.origin}/v3/directline`,
    origin: landline.origin,
    adminKey: landline.adminKey,
    secret,
    events,
    async [Symbol.asyncDispose]() {
      await landline.stop()
      await outside[Symbol.asyncDispose]()
      assertNothingTold(everythingIn(events), 'an event', [secret, landline.adminKey])
    },
  }
}
