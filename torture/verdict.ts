/**
 * What the oracle says of a crowd, as a part reports it.
 */
import type { Bot } from './bot.ts'
import type { Crowd } from './crowd.ts'
import type { ConversationHistory } from './history.ts'
import { findings, judge } from './oracle.ts'
import { atMost, type Figure } from './world.ts'

const names = {
  lost: 'lost',
  doubled: 'doubled',
  outOfOrder: 'out of order',
  ghosts: 'invented',
  crossedOver: 'crossed over',
} as const

/** Findings of one kind that are told in full; the rest is counted. */
const toldMax = 5

/** Lets everybody come to the end and has the oracle judge. */
export async function verdictOn(
  crowd: Crowd,
  bot: Bot,
): Promise<{ readonly figures: readonly Figure[]; readonly failures: readonly string[] }> {
  const { histories, failures } = await crowd.finish()
  const judged = judgedHistories(histories)
  const sum = (of: (one: ConversationHistory) => number) => histories.reduce((total, one) => total + of(one), 0)
  const acknowledged = (isBot: boolean) =>
    sum(({ sent }) => sent.filter(one => (one.answers !== undefined) === isBot && one.acknowledged.size > 0).length)
  return {
    figures: [
      { name: 'conversations', value: histories.length },
      { name: 'acknowledged to people', value: acknowledged(false) },
      { name: 'acknowledged to the bot', value: acknowledged(true) },
      { name: 'entries in the logs', value: sum(({ log }) => log.length) },
      {
        name: 'shown at windows',
        value: sum(({ views }) => views.reduce((total, { seen }) => total + seen.length, 0)),
      },
      { name: 'sent again by people', value: crowd.talkers.reduce((total, { retries }) => total + retries, 0) },
      { name: 'sent again by the bot', value: bot.retries },
      { name: 'turns taken again', value: bot.repeatedTurns },
      ...judged.figures,
    ],
    failures: [...failures, ...judged.failures],
  }
}

/** The oracle's verdict, as figures that are judged and sentences. */
function judgedHistories(histories: readonly ConversationHistory[]): {
  readonly figures: readonly Figure[]
  readonly failures: readonly string[]
} {
  const verdict = judge(histories)
  return {
    figures: findings.map(kind => atMost(names[kind], verdict[kind].length, 0)),
    failures: findings.flatMap(kind => [
      ...verdict[kind].slice(0, toldMax).map(finding => `${names[kind]}: ${finding}`),
      ...(verdict[kind].length > toldMax ? [`${names[kind]}: and ${verdict[kind].length - toldMax} more`] : []),
    ]),
  }
}
