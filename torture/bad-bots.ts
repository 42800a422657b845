/**
 * Bots that misbehave: hanging, resetting, answering rubbish, answering long after the client was told that they had
 * not, dead and back again. The client is told in time, everybody else's sends go on as before, and nothing is lost or
 * doubled by it.
 */
import { type Answer, call } from '../test/support/http.ts'
import { Bot, type Manners } from './bot.ts'
import { Crowd } from './crowd.ts'
import { serviceFor } from './service.ts'
import { verdictOn } from './verdict.ts'
import { atLeast, atMost, became, type Figure, type Part, pause, quantile } from './world.ts'

/** How long each of the two measurements takes at full length: milliseconds. */
const measureMs = 4_000

const hangingConversations = 20
const hangingTurnsEach = 4

/** When a client must have been told: of a bot that hangs, of one that refuses connections, of one that is back: milliseconds. */
const toldMs = 18_000
const refusedMs = 1_000
const backMs = 5_000

/** When a late bot answers: after the service has given up on its turn. Milliseconds. */
const lateMs = 15_500

/** What others' waits may become, and by how much a machine's moods may add to it: milliseconds. */
const timesMax = 2
const addedMsMax = 50

/** Runs the part. */
export const badBots: Part = async ({ dice, scale, folder, tell }) => {
  let bot: Bot
  const late = new Set<string | undefined>()
  const manners: Manners = (activity, request, response) => {
    switch (activity.text) {
      case 'hang':
        return true
      case 'reset':
        request.socket.resetAndDestroy()
        return true
      case 'rubbish':
        request.socket.end('HTTP/1.1 two hundred\r\n\r\n')
        return true
      case 'error':
        response.writeHead(500).end('no')
        return true
      case 'late':
        if (late.has(activity.id)) return false
        late.add(activity.id)
        setTimeout(() => void bot.reply(activity).catch(() => undefined), lateMs).unref()
        return true
      default:
        return false
    }
  }
  bot = new Bot({ dice: dice.apart('bot'), manners })
  await using _ = bot
  const service = await serviceFor(bot, await folder())
  using crowd = new Crowd({
    target: service,
    bot,
    dice: dice.apart('crowd'),
    conversations: 10,
    flaky: false,
    pauseMsMax: 30,
  })
  const failures: string[] = []
  const sender = new Sender(service)
  try {
    await service.start()
    await crowd.begin()
    await pause(500)
    const before = await p99Of(crowd, measureMs * Math.min(1, scale))
    tell('bots hang')
    const hanging: Promise<Answer & Timed>[] = []
    for (let number = 0; number < hangingConversations; number += 1) {
      const conversation = await sender.conversation()
      for (let turn = 0; turn < hangingTurnsEach; turn += 1) hanging.push(sender.send(conversation, 'hang', `${turn}`))
    }
    const lateConversation = await sender.conversation()
    const lateAnswer = sender.send(lateConversation, 'late', 'late')
    const during = await p99Of(crowd, measureMs * Math.min(1, scale))
    tell('bots reset')
    const figures: Figure[] = [
      { name: 'turns hanging', value: hanging.length },
      { name: 'p99 of other sends before', value: `${before.toFixed(1)} ms` },
      atMost('p99 of other sends meanwhile', during, before * timesMax + addedMsMax, ' ms'),
    ]
    for (const how of ['reset', 'rubbish', 'error']) {
      const answer = await sender.send(await sender.conversation(), how, how)
      if (answer.status !== 502) failures.push(`a bot that answers by ${how}: ${answer.status} ${answer.text}`)
      figures.push(atMost(`told of a bot that answers by ${how}`, answer.ms, refusedMs, ' ms'))
    }
    // Waiting for turns to time out is most of this part's time: a short run leaves it out.
    if (scale >= 0.5) figures.push(...(await timedOut(hanging, lateAnswer, lateConversation, bot, sender, failures)))
    tell('the bot is dead')
    figures.push(...(await deadAndBack(bot, sender, failures)))
    for (const answer of [...hanging, lateAnswer]) answer.catch(() => undefined)
    const verdict = await verdictOn(crowd, bot)
    return { figures: [...figures, ...verdict.figures], failures: [...failures, ...verdict.failures] }
  } finally {
    await service.kill()
  }
}

/** The 99th percentile of the crowd's waits from now on. */
async function p99Of(crowd: Crowd, ms: number): Promise<number> {
  const from = crowd.talkers.map(({ tookMs }) => tookMs.length)
  await pause(ms)
  return quantile(
    crowd.talkers.flatMap(({ tookMs }, at) => tookMs.slice(from[at])),
    0.99,
  )
}

async function deadAndBack(bot: Bot, sender: Sender, failures: string[]): Promise<readonly Figure[]> {
  const conversation = await sender.conversation()
  await sender.send(conversation, 'hello', 'hello')
  const listen = await bot.leave()
  const dead = await sender.send(conversation, 'are you there', 'dead')
  if (dead.status !== 502) failures.push(`a dead bot: ${dead.status} ${dead.text}`)
  await listen()
  const beganMs = performance.now()
  let id: string | undefined
  const isBack = await became(async () => {
    const answer = await sender.send(conversation, 'are you there', 'dead')
    id = answer.body.id
    return answer.status === 200
  }, backMs * 2)
  const found = await sender.log(conversation, 'dead')
  if (found.length !== 1 || found[0] !== id)
    failures.push(`sent until the bot was back: ${found.length} entries in the log`)
  return [
    atMost('told of a dead bot', dead.ms, refusedMs, ' ms'),
    atMost(
      'bot back to first acknowledgement',
      isBack ? performance.now() - beganMs : Number.POSITIVE_INFINITY,
      backMs,
      ' ms',
    ),
  ]
}

async function timedOut(
  hanging: readonly Promise<Answer & Timed>[],
  lateAnswer: Promise<Answer & Timed>,
  late: string,
  bot: Bot,
  sender: Sender,
  failures: string[],
): Promise<readonly Figure[]> {
  const answers = await Promise.all([...hanging, lateAnswer])
  const others = answers.filter(({ status }) => status !== 502)
  if (others.length > 0) failures.push(`${others.length} hanging turns were not answered 502`)
  const said = () => bot.sent.get(late) ?? []
  await became(() => said().length > 0 && said().every(({ acknowledged }) => acknowledged.size > 0), backMs)
  const marks = said().map(({ mark }) => mark)
  for (const mark of marks)
    if ((await sender.log(late, mark)).length !== 1) failures.push(`the late answer ${mark} is not in the log once`)
  // The client was told that its message had failed and sends it again: it is the same message.
  const again = await sender.send(late, 'late', 'late')
  const found = await sender.log(late, 'late')
  if (again.status !== 200 || found.length !== 1 || found[0] !== again.body.id)
    failures.push('the message of the late turn, sent again, is not in the log once')
  return [
    atMost('told of a bot that hangs, slowest', Math.max(...answers.map(({ ms }) => ms)), toldMs, ' ms'),
    atLeast('late answers taken', marks.length, 1),
  ]
}

type Timed = { readonly ms: number }

/** Sends single messages by the secret, outside the crowd. */
class Sender {
  readonly #target: { readonly base: string; readonly secret: string }

  constructor(target: { readonly base: string; readonly secret: string }) {
    this.#target = target
  }

  async conversation(): Promise<string> {
    const { base, secret } = this.#target
    const { body, status, text } = await call(`${base}/conversations`, { method: 'POST', bearer: secret })
    if (body.conversationId === undefined) throw new Error(`A start was answered ${status} ${text}`)
    return body.conversationId
  }

  async send(conversation: string, text: string, mark: string): Promise<Answer & Timed> {
    const { base, secret } = this.#target
    const beganMs = performance.now()
    const json = { type: 'message', text, from: { id: 'someone' }, channelData: { clientActivityID: mark } }
    const answer = await call(`${base}/conversations/${conversation}/activities`, { bearer: secret, json })
    return { ...answer, ms: performance.now() - beganMs }
  }

  /** The ids in a conversation's log of what was sent under a mark. */
  async log(conversation: string, mark: string): Promise<readonly string[]> {
    const { base, secret } = this.#target
    const { body } = await call(`${base}/conversations/${conversation}/activities`, { bearer: secret })
    return (body.activities ?? []).flatMap(({ id = '', channelData }) => {
      const { clientActivityID, botMark } = (channelData ?? {}) as { clientActivityID?: string; botMark?: string }
      return clientActivityID === mark || botMark === mark ? [id] : []
    })
  }
}
