/**
 * Bots whose answers do not reach us, and at which addresses a bot that runs elsewhere may find us.
 */
import type { ServiceUrl } from '../protocol/admin-problems.ts'
import { endpointParts, endpointUrl, isLoopbackHost } from '../protocol/endpoint.ts'
import type { Finding, FindingBot } from './diagnosis.ts'
import type { ThisMachine } from './probe-port.ts'

/**
 * The bot is never heard of.
 *
 * @param told what it is told as our address
 * @param urls other addresses of ours
 */
export function answersDoNotArrive(bot: FindingBot, told: string, urls: readonly ServiceUrl[]): Finding {
  const host = endpointParts(bot.endpoint)?.host ?? ''
  const guess = urls.find(({ where }) => where === (isLoopbackHost(host) ? 'container' : 'lan'))
  const page = `/console/bots/${encodeURIComponent(bot.id)}`
  return {
    code: 'AnswersDoNotArrive',
    text: `The bot has accepted three messages in a row and answered none. It is told to answer at ${told}.`,
    fix:
      guess === undefined
        ? { label: 'Change the service URL', href: page }
        : { label: `Use ${guess.url}`, href: page, patch: { serviceUrl: guess.url } },
  }
}

/**
 * Addresses of ours that bots elsewhere can use: from a container on this machine, from WSL, from the network. None
 * where bots are told an address that is no loopback one, because then somebody has chosen it.
 *
 * @param publicUrl our own address, without a slash at its end
 */
export function serviceUrlsFor(publicUrl: string, machine: ThisMachine): readonly ServiceUrl[] {
  const parts = endpointParts(publicUrl)
  if (parts === undefined || !isLoopbackHost(parts.host)) return []
  const at = (host: string) => endpointUrl({ ...parts, host }).replace(/\/$/, '')
  const [lan] = machine.lan
  return [
    { where: 'container', url: at('host.docker.internal') },
    { where: 'wsl', url: at(machine.wsl ?? `${machine.name}.local`) },
    ...(lan === undefined ? [] : [{ where: 'lan', url: at(lan) } as const]),
  ]
}
