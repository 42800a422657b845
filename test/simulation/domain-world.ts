/**
 * The whole inside of the service in a world that misbehaves: people who send again, windows that stall, break and
 * resume by their watermark, a bot that repeats itself, news that is late, doubled or lost, a store that fails, a clock
 * that jumps, and crashes. What everybody has seen is judged by the oracle of the torture runs.
 */
import { MemoryStore } from '../../src/adapters/memory/store.ts'
import type { BotAnswer, BotCall } from '../../src/domain/bot-port.ts'
import { botGrant, type ConversationGrant, conversationGrant } from '../../src/domain/grant.ts'
import type { News } from '../../src/domain/ports.ts'
import { parseActivity } from '../../src/protocol/activity.ts'
import { newConversationId } from '../../src/protocol/ids.ts'
import { position } from '../../src/protocol/watermark.ts'
import { type ConversationHistory, markOf, type Sent } from '../../torture/history.ts'
import { faultyStore } from './domain-faults.ts'
import { Life, site } from './domain-life.ts'
import type { AppendMode, DomainHistory, DomainStep } from './domain-steps.ts'
import { readLogs, refuseUnclean } from './domain-verdict.ts'
import { SimulatedWindow, type WireActivity } from './domain-window.ts'

type Turn = {
  readonly life: Life
  readonly activity: WireActivity & { readonly conversation: { readonly id: string } }
  readonly end: (answer: BotAnswer) => void
}

const grants = ['a', 'b'].map(word =>
  conversationGrant({ by: 'secret', site, secret: 'one' }, newConversationId(word.padEnd(22, '0'))),
)
const [first, second] = grants as [ConversationGrant, ConversationGrant]

/** Rounds at the end in which all that was held up comes to its end; more than a sweep needs to pass everybody. */
const lastRounds = 40

/** Somebody who says one thing after another. */
type Person = { readonly grant: ConversationGrant; readonly name: string; count: number; current: Sent | undefined }

/** A world that lives one history. */
export class DomainWorld {
  readonly #given: DomainHistory
  readonly #store = new MemoryStore()
  readonly #windows = [first, first, first, second].map((grant, at) => new SimulatedWindow(grant, `w${at}`))
  readonly #histories: ConversationHistory[] = grants.map(({ conversation }, at) => ({
    id: conversation,
    tag: `t${at}`,
    sent: [],
    views: this.#windows.filter(({ grant }) => grant === grants[at]),
    posted: [],
    log: [],
  }))
  readonly #people: readonly Person[] = [first, first, second, second].map((grant, at) => ({
    grant,
    name: `p${at}`,
    count: 0,
    current: undefined,
  }))
  #turns: Turn[] = []
  /** Replies that have not been acknowledged. */
  #unacknowledged: (() => void)[] = []
  #slowReads: (() => void)[] = []
  #isSlow: boolean
  #isOrderly = false
  #announced = 0
  #appended = 0
  #monotonicMs = 0
  #aheadMs = 0
  #life: Life

  constructor(given: DomainHistory) {
    this.#given = given
    this.#isSlow = given.slowReads
    this.#life = this.#born()
  }

  /** Lives the history to its end. @param sweeps whether time goes on at the end, and with it the sweep */
  async live(sweeps: boolean): Promise<void> {
    for (const { conversation, bot } of grants)
      await this.#store.start({ id: conversation, bot: bot.id, site: site.id, locale: undefined }, undefined, 0)
    for (const step of this.#given.steps) {
      this.#take(step)
      await settled()
    }
    this.#isOrderly = true
    this.#isSlow = false
    for (const release of this.#life.heldNews.splice(0).reverse()) release()
    for (let round = 0; round < lastRounds; round += 1) {
      this.#tidy()
      if (sweeps) this.#pass(1_000)
      await settled()
      if (await this.#isAtRest()) break
    }
    await readLogs(this.#store, this.#histories)
    refuseUnclean(this.#histories)
  }

  #born(): Life {
    return new Life({
      store: faultyStore(this.#store, {
        append: () => this.#appendMode(),
        reading: () => (this.#isSlow ? new Promise(resolve => this.#slowReads.push(resolve)) : undefined),
      }),
      announce: (news, hear) => this.#announce(news, hear),
      time: { nowMs: () => 1e12 + this.#monotonicMs + this.#aheadMs, monotonicMs: () => this.#monotonicMs },
      turn: call => this.#turn(call),
    })
  }

  #take(step: DomainStep): void {
    const { heldNews } = this.#life
    switch (step.do) {
      case 'say':
        this.#say(this.#people[step.person] as Person)
        break
      case 'turn':
        this.#endTurn(step.which, step.end, step.replies, step.twice)
        break
      case 'window':
        this.#act(this.#windows[step.window] as SimulatedWindow, step.act, step.stallsAfter)
        break
      case 'news':
        heldNews.splice(step.which % (heldNews.length || 1), 1)[0]?.()
        break
      case 'read':
        this.#slowReads.shift()?.()
        break
      case 'time':
        this.#pass(step.ms)
        break
      case 'jump':
        this.#aheadMs += step.ms
        break
      case 'crash':
        this.#crash()
        break
      default:
        step satisfies never
    }
  }

  #pass(ms: number): void {
    this.#monotonicMs += ms
    this.#life.tick()
  }

  #crash(): void {
    this.#life.crash()
    for (const window of this.#windows) window.cut()
    this.#slowReads = []
    this.#turns = []
    this.#life = this.#born()
  }

  #say(person: Person): void {
    if (person.current === undefined) {
      person.count += 1
      const at = grants.indexOf(person.grant)
      const mark = `t${at}/${person.name}/${person.count}`
      person.current = { mark, sender: person.name, acknowledged: new Set(), answers: undefined }
      this.#histories[at]?.sent.push(person.current)
    }
    const { current, grant, name } = person
    const activity = parseActivity({
      type: 'message',
      text: current.mark,
      from: { id: name },
      channelData: { clientActivityID: current.mark },
    })
    const life = this.#life
    life.conversations.post(grant, activity).then(
      id => {
        if (life.isOver) return
        current.acknowledged.add(id)
        if (person.current === current) person.current = undefined
      },
      // It is sent again by a later step, or at the end.
      () => undefined,
    )
  }

  #turn(call: BotCall): Promise<BotAnswer> {
    const activity = JSON.parse(call.activity) as Turn['activity'] & { readonly type: string }
    if (activity.type !== 'message') return Promise.resolve({ outcome: 'answered', status: 200, body: '' })
    const history = this.#histories.find(({ id }) => id === activity.conversation.id)
    history?.posted.push({ id: activity.id, mark: markOf(activity.channelData) })
    const life = this.#life
    return new Promise(end => this.#turns.push({ life, activity, end }))
  }

  #endTurn(which: number, end: 'accept' | 'refuse' | 'never', replies: number, twice: boolean): void {
    const turn = this.#turns.splice(which % (this.#turns.length || 1), 1)[0]
    if (turn === undefined) return
    for (let number = 1; number <= replies; number += 1) this.#reply(turn, number, twice)
    if (end === 'never') turn.end({ outcome: 'timedOut' })
    else turn.end({ outcome: 'answered', status: end === 'accept' ? 200 : 500, body: '' })
  }

  /** The same reply is the same request, however often its turn is posted. */
  #reply({ activity }: Turn, number: number, twice: boolean): void {
    const mark = `${activity.id}#${number}`
    const history = this.#histories.find(({ id }) => id === activity.conversation.id)
    if (history === undefined) return
    let sent = history.sent.find(one => one.mark === mark)
    if (sent === undefined) {
      sent = { mark, sender: `bot for ${mark}`, acknowledged: new Set(), answers: activity.id }
      history.sent.push(sent)
    }
    const { acknowledged } = sent
    const reply = parseActivity({ type: 'message', text: mark, replyToId: activity.id, channelData: { botMark: mark } })
    const grant = botGrant(first.conversation === history.id ? first.conversation : second.conversation, site.bot)
    const send = () => {
      const life = this.#life
      const failed = () => void this.#unacknowledged.push(send)
      life.replies
        .reply(grant, reply, activity.id, mark)
        .then(id => (life.isOver ? failed() : void acknowledged.add(id)), failed)
    }
    send()
    if (twice) send()
  }

  #act(window: SimulatedWindow, act: 'open' | 'cut' | 'drain' | 'poll', stallsAfter: number): void {
    if (act === 'cut') window.cut()
    else if (act === 'drain') window.drain()
    // A window that polls has no socket, and would be shown everything twice if it had.
    else if (window.life === undefined) {
      if (act === 'poll') this.#poll(window)
      else this.#open(window, stallsAfter)
    }
  }

  #poll(window: SimulatedWindow): void {
    const life = this.#life
    const from = window.watermark
    life.conversations.read(window.grant, String(from)).then(
      page => {
        if (life.isOver || window.life !== undefined || window.watermark !== from) return
        window.apply(
          page.entries.map(({ text }) => JSON.parse(text) as WireActivity),
          String(page.watermark),
        )
      },
      // It polls again.
      () => undefined,
    )
  }

  #open(window: SimulatedWindow, stallsAfter: number): void {
    const life = this.#life
    window.life = life
    window.stallsAfter = stallsAfter
    window.room = stallsAfter
    life.conversations.listen(window.grant, window, position(window.watermark), false).then(
      cursor => {
        if (window.life === life) window.cursor = cursor
        else cursor.end()
      },
      () => window.close(),
    )
  }

  #announce(news: News, hear: (news: News) => void): void {
    const { news: modes } = this.#given
    const mode = this.#isOrderly ? 'now' : modes[this.#announced % modes.length]
    this.#announced += 1
    const life = this.#life
    const late = () => void (life.isOver ? undefined : life.heldNews.push(() => hear(news)))
    if (mode === 'now' || mode === 'twice') hear(news)
    if (mode === 'twice' || mode === 'late') late()
    if (mode === 'bare') hear({ conversation: news.conversation, position: news.position })
  }

  #appendMode(): AppendMode {
    const { appends } = this.#given
    this.#appended += 1
    return this.#isOrderly ? 'kept' : (appends[this.#appended % appends.length] ?? 'kept')
  }

  /** Everything is acknowledged and shown: nothing more can come of waiting. */
  async #isAtRest(): Promise<boolean> {
    if (this.#turns.length > 0 || this.#unacknowledged.length > 0) return false
    if (this.#people.some(({ current }) => current !== undefined)) return false
    for (const { grant, watermark } of this.#windows)
      if ((await this.#store.find(grant.conversation))?.last !== watermark) return false
    return true
  }

  /** Everybody does what brings the world to rest. */
  #tidy(): void {
    for (const release of this.#slowReads.splice(0)) release()
    while (this.#turns.length > 0) this.#endTurn(0, 'accept', 1, false)
    for (const person of this.#people) if (person.current !== undefined) this.#say(person)
    for (const send of this.#unacknowledged.splice(0)) send()
    for (const window of this.#windows) {
      if (window.life === undefined) this.#act(window, 'open', 1)
      else window.drain()
    }
  }
}

/** Everything that does not wait for the world has happened. */
const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
