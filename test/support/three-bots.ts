/**
 * The three bots that the console and the command line are tried with: one that answers, one whose code is broken
 * until it is repaired, and one that wants credentials.
 */
import { type BotTurnEnd, startBot, type TestBot } from './bot.ts'
import type { WireActivity } from './http.ts'

/**
 * Starts *echo*. It answers `card` with a hero card and an Adaptive Card, `suggest` with suggested actions, `typing`
 * with a typing activity and then a text, `sleep 200` by ending its turn after so many milliseconds, and every other
 * text with `You said: …`.
 *
 * @param options.port any free one if not given
 */
export const startEchoBot = (options: { readonly port?: number } = {}): Promise<TestBot> =>
  startBot({
    ...options,
    onActivity: async (activity, bot) => {
      if (activity.type !== 'message') return
      const [command, ms] = (activity.text ?? '').split(' ')
      if (command === 'sleep') await new Promise(resolve => setTimeout(resolve, Number(ms)))
      for (const answer of answersTo(activity.text ?? '')) await bot.reply(activity, answer)
    },
  })

function answersTo(text: string): readonly WireActivity[] {
  switch (text) {
    case 'card':
      return [{ type: 'message', text: 'Two cards.', attachments: [heroCard, adaptiveCard] }]
    case 'suggest':
      return [{ type: 'message', text: 'Which one?', suggestedActions: { actions: ['red', 'blue'].map(saying) } }]
    case 'typing':
      return [{ type: 'typing' }, { type: 'message', text: 'I have finished typing.' }]
    default:
      return [{ type: 'message', text: `You said: ${text}` }]
  }
}

const saying = (value: string) => ({ type: 'imBack', title: value, value })

const heroCard = {
  contentType: 'application/vnd.microsoft.card.hero',
  content: { title: 'A hero', text: 'with a button', buttons: [saying('pressed')] },
}

const adaptiveCard = {
  contentType: 'application/vnd.microsoft.card.adaptive',
  content: {
    type: 'AdaptiveCard',
    version: '1.5',
    body: [
      { type: 'TextBlock', text: 'Adapted' },
      { type: 'Input.Text', id: 'name', label: 'Your name' },
    ],
    actions: [{ type: 'Action.Submit', title: 'Send' }],
  },
}

/** What *broken* answers with its 500. */
export const brokenBotBody = 'TypeError: Cannot read properties of undefined (reading "order")'

/** A bot whose code can be repaired, and broken again. */
export type BrokenBot = TestBot & {
  /** From now on it answers as *echo* does its plain texts. */
  repair(): void
  /** From now on it answers 500 again. */
  breakAgain(): void
}

/** Starts *broken*: it answers 500 with a body to everything but joins, which it takes, until it is repaired. */
export async function startBrokenBot(options: { readonly port?: number } = {}): Promise<BrokenBot> {
  let isBroken = true
  const bot = await startBot({
    ...options,
    onActivity: async (activity, itself) => {
      if (isBroken || activity.type !== 'message') return
      await itself.reply(activity, { type: 'message', text: `You said: ${activity.text ?? ''}` })
    },
    answer: ({ type }): BotTurnEnd =>
      isBroken && type !== 'conversationUpdate'
        ? { status: 500, headers: { 'content-type': 'text/plain' }, body: brokenBotBody }
        : 200,
  })
  return Object.assign(bot, {
    repair: () => {
      isBroken = false
    },
    breakAgain: () => {
      isBroken = true
    },
  })
}

/** Starts *secured*: it answers 401 in botbuilder's words to whatever comes without a bearer token. */
export const startSecuredBot = (options: { readonly port?: number } = {}): Promise<TestBot> =>
  startBot({
    ...options,
    answer: (_activity, { headers }) =>
      /^bearer \S/i.test(headers.authorization ?? '')
        ? 200
        : { status: 401, body: 'Unauthorized Access. Request is not authorized' },
  })
