/**
 * How a bot is, as it is shown.
 */
import type { BotHealth } from '../../../src/protocol/admin.ts'
import type { Tone } from '../../parts/pill.tsx'

const tones: Readonly<Record<BotHealth['state'], Tone>> = { up: 'good', down: 'bad', unknown: 'quiet' }

/** The tone of a state. */
export const healthTone = ({ state }: BotHealth): Tone => tones[state]
