/**
 * What is wrong with the bots, as it is now.
 */
import type { Problem } from '../src/protocol/admin-problems.ts'
import { useLive } from './live.ts'
import { useState } from './ui.ts'

/** The list, in a component; undefined before it is known. It comes with the subscription, and whole with each change. */
export function useProblems(): readonly Problem[] | undefined {
  const [problems, setProblems] = useState<readonly Problem[] | undefined>(undefined)
  useLive('problems', {}, { events: lists => setProblems(lists.at(-1)) })
  return problems
}
