/**
 * A chat from the command line: one conversation after another with one bot, and when a turn of it is over.
 */
import type { TokenBody } from '../protocol/admin.ts'
import type { ConversationBody } from '../protocol/admin-conversations.ts'
import { isObject, type JsonObject } from '../protocol/fields.ts'
import { type Choice, chatText, choicesOf } from './chat-text.ts'
import { DirectLine } from './direct-line.ts'
import type { Service } from './service.ts'
import { newConversation } from './start-conversation.ts'

/** How a chat is told to whoever reads it. */
export type ChatWords = {
  /** @param isPast it was said before this chat */
  readonly activity: (activity: JsonObject, text: string, isOwn: boolean, isPast: boolean) => void
  readonly note: (text: string) => void
  /** Whether what was said before is told too. */
  readonly past: boolean
}

/** Which conversation. */
export type ChatWith = { readonly bot?: string; readonly user?: string; readonly conversation?: string }

/**
 * A turn is over when the bot has answered the request and then nothing has come for a while. Which while depends on
 * what has come: an answer may be followed by another, a bot that has said nothing may answer late, and one that is
 * typing will. Milliseconds.
 */
const whiles = { afterAnswer: 250, afterNothing: 1_000, afterTyping: 15_000 } as const

/** A chat that goes on. Disposing it hears no more. */
export class ChatSession implements Disposable {
  readonly #service: Service
  readonly #words: ChatWords
  #bot: string | undefined
  #user = ''
  #line: DirectLine | undefined
  #last: JsonObject | undefined
  #choices: readonly Choice[] = []
  /** What the bot has said in this turn. */
  #answers = 0
  #isTyping = false
  #isPast = false
  #expects = 0
  #heard: (() => void) | undefined
  #failure: { readonly code: string; readonly message: string } | undefined

  private constructor(service: Service, words: ChatWords, bot: string | undefined) {
    this.#service = service
    this.#words = words
    this.#bot = bot
  }

  /** Begins a conversation, or joins one. @throws CommandFailure */
  static async open(service: Service, { bot, user, conversation }: ChatWith, words: ChatWords): Promise<ChatSession> {
    const session = new ChatSession(service, words, bot)
    if (conversation === undefined) await session.#begin(user)
    else await session.#join(conversation, user)
    return session
  }

  /** Why a bot has not taken a message, if one has not. */
  get failure(): { readonly code: string; readonly message: string } | undefined {
    return this.#failure
  }

  /** Says a line: a word of our own, the number of a button, or a message. Resolves when the bot has taken it. */
  async say(line: string): Promise<void> {
    const text = line.trim()
    if (text === '') return
    if (text === '/restart') return this.#begin(this.#user)
    if (text === '/new') return this.#begin(undefined)
    if (text === '/json') return this.#words.note(JSON.stringify(this.#last ?? {}, undefined, 2))
    const choice = /^\d{1,3}$/.test(text) ? this.#choices[Number(text) - 1] : undefined
    if (choice !== undefined && 'open' in choice) return this.#words.note(choice.open)
    await this.#send(choice?.send ?? { type: 'message', text: line })
  }

  /** Resolves when the turn is over. */
  async settled(): Promise<void> {
    for (;;) {
      const ms = this.#isTyping ? whiles.afterTyping : this.#answers > 0 ? whiles.afterAnswer : this.#expects
      if (!(await this.#hears(ms))) return
    }
  }

  [Symbol.dispose](): void {
    this.#line?.[Symbol.dispose]()
  }

  async #send(activity: JsonObject): Promise<void> {
    this.#answers = 0
    this.#isTyping = false
    this.#choices = []
    const sent = await this.#line?.send({ ...activity, from: { id: this.#user } })
    this.#expects = sent?.ok === true ? whiles.afterNothing : whiles.afterAnswer
    if (sent === undefined || sent.ok) return
    this.#failure = sent
    this.#words.note(`${sent.message} (${sent.code})`)
  }

  async #begin(user: string | undefined): Promise<void> {
    this.#line?.[Symbol.dispose]()
    const started = await newConversation(this.#service, { bot: this.#bot, user })
    this.#user = started.user
    this.#answers = 0
    // A bot may greet; most don't.
    this.#expects = whiles.afterAnswer
    this.#words.note(`Conversation ${started.conversationId}, as ${started.user}`)
    const { domain, token, conversationId: conversation } = started
    this.#line = await DirectLine.start({ domain, token, conversation }, activity => this.#hear(activity))
  }

  async #join(conversation: string, user: string | undefined): Promise<void> {
    const row = await this.#service.get<ConversationBody>(`/conversations/${encodeURIComponent(conversation)}`)
    const { domain } = await this.#service.get<{ readonly domain: string }>('/about')
    this.#bot = row.bot
    this.#user = user ?? row.user ?? ''
    const token = user === undefined ? row.token : await this.#tokenFor(row, user)
    this.#isPast = true
    const ticket = { domain, token, conversation }
    this.#line = await DirectLine.join(ticket, row.watermark50, activity => this.#hear(activity))
    this.#isPast = false
    this.#answers = 0
    this.#expects = 0
  }

  async #tokenFor({ bot, site, id }: ConversationBody, user: string): Promise<string> {
    const path = `/sites/${encodeURIComponent(`${bot}.${site}`)}/tokens`
    return (await this.#service.send<TokenBody>('POST', path, { user, conversationId: id })).token
  }

  #hear(activity: JsonObject): void {
    const { from } = activity
    const isOwn = isObject(from) && (from['id'] === this.#user || from['role'] === 'user')
    if (!isOwn) {
      this.#isTyping = activity['type'] === 'typing'
      if (!this.#isTyping) {
        this.#answers += 1
        this.#last = activity
        const choices = choicesOf(activity)
        if (choices.length > 0) this.#choices = choices
      }
    }
    if (!this.#isPast || this.#words.past) this.#words.activity(activity, chatText(activity), isOwn, this.#isPast)
    this.#heard?.()
  }

  /** Whether anything is heard within so many milliseconds. */
  #hears(ms: number): Promise<boolean> {
    return new Promise(resolve => {
      const end = (answer: boolean) => {
        clearTimeout(timer)
        this.#heard = undefined
        resolve(answer)
      }
      const timer = setTimeout(() => end(false), ms)
      this.#heard = () => end(true)
    })
  }
}
