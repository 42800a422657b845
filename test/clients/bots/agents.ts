/**
 * A bot made with the Microsoft 365 Agents SDK: the SDK's own application, adapter, guard and connector, nothing
 * replaced, and its settings from the environment, as in every sample.
 */
import { Activity, type ConversationReference } from '@microsoft/agents-activity'
import {
  AgentApplication,
  CardFactory,
  CloudAdapter,
  type ConnectorClient,
  loadAuthConfigFromEnv,
  MemoryStorage,
  MessageFactory,
  type TurnContext,
  type TurnState,
} from '@microsoft/agents-hosting'
import { answer, type Turn } from './commands.ts'
import { noteAcknowledged, serve } from './serving.ts'
import type { Account, File, SomeActivity } from './wire.ts'

// No onTurnError: the SDK's default says two sentences to the user and answers the service 200.
const settings = loadAuthConfigFromEnv()
const adapter = new CloudAdapter(settings)
const application = new AgentApplication<TurnState>({ adapter, storage: new MemoryStorage() })
const references = new Map<string, ConversationReference>()

application.onActivity(
  () => Promise.resolve(true),
  async context => {
    const reference = context.activity.getConversationReference()
    references.set(reference.conversation.id, reference)
    await answer(new AgentsTurn(context))
  },
)

serve({
  turn: async (request, response) => {
    // As the SDK's own server does: first its guard, which answers by itself what it refuses.
    let allowed = false
    await adapter.authorizeRequest(request, response, () => {
      allowed = true
    })
    if (allowed) await adapter.process(request, response, async context => void (await application.run(context)))
  },
  proactive: async (conversation, text) => {
    const reference = references.get(conversation)
    if (reference === undefined) throw new Error('The bot was never in this conversation.')
    await adapter.continueConversation(settings.clientId || {}, reference, async context => {
      await new AgentsTurn(context).send(text)
    })
  },
})

class AgentsTurn implements Turn {
  readonly #context: TurnContext

  constructor(context: TurnContext) {
    this.#context = context
  }

  get activity(): SomeActivity {
    return this.#context.activity as unknown as SomeActivity
  }

  get #conversation(): string {
    return this.#context.activity.conversation?.id ?? ''
  }

  async send(activity: string | SomeActivity): Promise<string> {
    const sent = await this.#context.sendActivity(
      typeof activity === 'string' ? activity : Activity.fromObject(activity),
    )
    noteAcknowledged(this.#conversation, sent?.id)
    return sent?.id ?? ''
  }

  async sendAll(activities: readonly SomeActivity[]): Promise<readonly string[]> {
    const sent = await this.#context.sendActivities(activities.map(activity => Activity.fromObject(activity)))
    for (const { id } of sent) noteAcknowledged(this.#conversation, id)
    return sent.map(({ id }) => id ?? '')
  }

  async update(activity: SomeActivity): Promise<void> {
    await this.#context.updateActivity(Activity.fromObject(activity))
  }

  async delete(id: string): Promise<void> {
    await this.#context.deleteActivity(id)
  }

  async members(user: string): Promise<{ one: Account }> {
    const connector = this.#context.turnState.get<ConnectorClient>(adapter.ConnectorClientKey)
    const one = await connector?.getConversationMember(user, this.#conversation)
    return { one: one as Account }
  }

  async upload(file: File): Promise<string> {
    const base64 = Buffer.from(file.bytes).toString('base64')
    const { id } = await adapter.uploadAttachment(this.#context, this.#conversation, {
      type: file.type,
      name: file.name,
      originalBase64: base64 as never,
      thumbnailBase64: base64 as never,
    })
    const serviceUrl = this.#context.activity.serviceUrl ?? ''
    return `${serviceUrl}${serviceUrl.endsWith('/') ? '' : '/'}v3/attachments/${encodeURI(id ?? '')}/views/original`
  }

  cards(): SomeActivity {
    const hero = CardFactory.heroCard('A hero', 'with a button', undefined, ['echo pressed'])
    const adaptive = CardFactory.adaptiveCard({
      type: 'AdaptiveCard',
      version: '1.5',
      body: [{ type: 'TextBlock', text: 'Adapted' }],
    })
    return MessageFactory.list([hero, adaptive], 'Two cards.') as unknown as SomeActivity
  }

  suggestions(): SomeActivity {
    return MessageFactory.suggestedActions(['red', 'blue'], 'Which one?') as unknown as SomeActivity
  }

  async stream(): Promise<void> {
    const { streamingResponse } = this.#context
    streamingResponse.queueInformativeUpdate('Thinking …')
    for (const word of ['One', ' two', ' three']) {
      streamingResponse.queueTextChunk(word)
      // The SDK joins what comes faster than it sends.
      await new Promise(resolve => setTimeout(resolve, 600))
    }
    await streamingResponse.endStream()
  }
}
