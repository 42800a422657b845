/**
 * A bot made with botbuilder 4: the SDK's own adapter and connector, nothing replaced, and its settings from the
 * environment, as in every sample.
 */
import {
  ActionTypes,
  type Activity,
  CardFactory,
  CloudAdapter,
  ConfigurationBotFrameworkAuthentication,
  type ConversationReference,
  MessageFactory,
  TurnContext,
} from 'botbuilder'
import type { ConnectorClient } from 'botframework-connector'
import { answer, type Turn } from './commands.ts'
import { noteAcknowledged, serve } from './serving.ts'
import type { Account, File, SomeActivity } from './wire.ts'

// No onTurnError: the SDK's default answers the service 500 with the error's text.
const adapter = new CloudAdapter(new ConfigurationBotFrameworkAuthentication(process.env))
const references = new Map<string, Partial<ConversationReference>>()

serve({
  turn: (request, response) =>
    adapter.process(request, response, async context => {
      const reference = TurnContext.getConversationReference(context.activity)
      references.set(reference.conversation?.id ?? '', reference)
      await answer(new BotbuilderTurn(context))
    }),
  proactive: async (conversation, text) => {
    const reference = references.get(conversation)
    if (reference === undefined) throw new Error('The bot was never in this conversation.')
    await adapter.continueConversationAsync(process.env['MicrosoftAppId'] ?? '', reference, async context => {
      await new BotbuilderTurn(context).send(text)
    })
  },
})

class BotbuilderTurn implements Turn {
  readonly #context: TurnContext

  constructor(context: TurnContext) {
    this.#context = context
  }

  get activity(): SomeActivity {
    return this.#context.activity as unknown as SomeActivity
  }

  get #conversation(): string {
    return this.#context.activity.conversation.id
  }

  get #connector(): ConnectorClient {
    return this.#context.turnState.get<ConnectorClient>(this.#context.adapter.ConnectorClientKey)
  }

  async send(activity: string | SomeActivity): Promise<string> {
    const sent = await this.#context.sendActivity(activity as string | Partial<Activity>)
    noteAcknowledged(this.#conversation, sent?.id)
    return sent?.id ?? ''
  }

  async sendAll(activities: readonly SomeActivity[]): Promise<readonly string[]> {
    const sent = await this.#context.sendActivities(activities as unknown as Partial<Activity>[])
    for (const { id } of sent) noteAcknowledged(this.#conversation, id)
    return sent.map(({ id }) => id)
  }

  async update(activity: SomeActivity): Promise<void> {
    await this.#context.updateActivity(activity as unknown as Partial<Activity>)
  }

  async delete(id: string): Promise<void> {
    await this.#context.deleteActivity(id)
  }

  async members(user: string): Promise<{ all: readonly Account[]; one: Account }> {
    const { conversations } = this.#connector
    const all = await conversations.getConversationMembers(this.#conversation)
    const one = await conversations.getConversationMember(this.#conversation, user)
    return { all, one }
  }

  async upload(file: File): Promise<string> {
    const { id } = await this.#connector.conversations.uploadAttachment(this.#conversation, {
      type: file.type,
      name: file.name,
      originalBase64: file.bytes,
      thumbnailBase64: file.bytes,
    })
    const { serviceUrl } = this.#context.activity
    return `${serviceUrl}${serviceUrl.endsWith('/') ? '' : '/'}v3/attachments/${encodeURI(id)}/views/original`
  }

  cards(): SomeActivity {
    const hero = CardFactory.heroCard('A hero', 'with a button', undefined, [
      { type: ActionTypes.ImBack, title: 'Press', value: 'echo pressed' },
    ])
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
}
