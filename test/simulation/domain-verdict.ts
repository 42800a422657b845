/**
 * What the oracle says of a history of the simulation.
 */
import type { ConversationStore } from '../../src/domain/ports.ts'
import type { ConversationId } from '../../src/protocol/ids.ts'
import { beginning } from '../../src/protocol/watermark.ts'
import { type ConversationHistory, markOf } from '../../torture/history.ts'
import { findings, isClean, judge } from '../../torture/oracle.ts'
import { everything } from '../contract/log-samples.ts'
import type { WireActivity } from './domain-window.ts'

/** Reads the logs as they are now into their histories. */
export async function readLogs(store: ConversationStore, histories: readonly ConversationHistory[]): Promise<void> {
  for (const history of histories) {
    const page = await store.read(history.id as ConversationId, beginning, everything)
    history.log = page.entries.map(({ text }) => {
      const { id, channelData, replyToId, timestamp } = JSON.parse(text) as WireActivity
      return { id, mark: markOf(channelData), replyToId, timestamp }
    })
  }
}

/** @throws Error with all that the oracle found, and with what was never acknowledged although everybody tried on */
export function refuseUnclean(histories: readonly ConversationHistory[]): void {
  const unheard = histories.flatMap(({ sent }) => sent.filter(({ acknowledged }) => acknowledged.size === 0))
  if (unheard.length > 0) throw new Error(`never acknowledged: ${unheard.map(({ mark }) => mark).join(', ')}`)
  const verdict = judge(histories)
  if (isClean(verdict)) return
  throw new Error(findings.flatMap(kind => verdict[kind].map(finding => `${kind}: ${finding}`)).join('\n'))
}
