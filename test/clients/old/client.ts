/**
 * A client of Direct Line 1.1 as programs had them: `swagger-client` 2 on a description of the API.
 */
import { readFile } from 'node:fs/promises'
import SwaggerClient from 'swagger-client'

/** A message as the client hands it to its program. */
export type ReadMessage = { readonly from: string; readonly text: string; readonly images?: readonly string[] }

/** The API as the program sees it. An answer of an error status is an answer too. */
export type OldClient = {
  start(): Promise<{ readonly conversationId: string; readonly token: string }>
  post(conversationId: string, message: { readonly from: string; readonly text: string }): Promise<SwaggerClient.Answer>
  /** @param watermark sent as it is, `null` too, as the published program did */
  messages(
    conversationId: string,
    watermark: string | null,
  ): Promise<{
    readonly messages: readonly ReadMessage[]
    readonly watermark: string
  }>
  token(): Promise<string>
  renew(conversationId: string): Promise<string>
}

const description = new URL('direct-line-1.1.swagger.json', import.meta.url)

/** Makes a client of the service at an origin, which shows a secret or token with the scheme of the time. */
export async function makeOldClient(origin: string, credential: string): Promise<OldClient> {
  const spec = { ...JSON.parse(await readFile(description, 'utf8')), host: new URL(origin).host }
  const api = await (new SwaggerClient({ spec, usePromise: true }) as PromiseLike<SwaggerClient.Api>)
  const authorization = new SwaggerClient.ApiKeyAuthorization('Authorization', `BotConnector ${credential}`, 'header')
  api.clientAuthorizations.add('AuthorizationBotConnector', authorization)
  const call = async (
    name: string,
    parameters: Readonly<Record<string, unknown>> = {},
  ): Promise<SwaggerClient.Answer> => {
    const [tag = ''] = name.split('_')
    const operation = (api[tag] as Readonly<Record<string, SwaggerClient.Operation>>)[name]
    if (operation === undefined) throw new Error(`The description has no ${name}.`)
    try {
      return await operation(parameters)
    } catch (answer) {
      // The client rejects with the answer where the status is an error's.
      if (typeof answer === 'object' && answer !== null && 'status' in answer) return answer as SwaggerClient.Answer
      throw answer
    }
  }
  const taken = async (name: string, parameters?: Readonly<Record<string, unknown>>) => {
    const answer = await call(name, parameters)
    if (answer.status !== 200) throw new Error(`${name} was answered ${answer.status}: ${answer.statusText}`)
    return answer
  }
  const object = async (name: string, parameters?: Readonly<Record<string, unknown>>) =>
    (await taken(name, parameters)).obj as never
  // The client makes nothing of a body that is a string; programs took the quotes off by themselves.
  const text = async (name: string, parameters?: Readonly<Record<string, unknown>>) =>
    (await taken(name, parameters)).statusText.replaceAll('"', '')
  return {
    start: () => object('Conversations_NewConversation'),
    post: (conversationId, message) => call('Conversations_PostMessage', { conversationId, message }),
    messages: (conversationId, watermark) => object('Conversations_GetMessages', { conversationId, watermark }),
    token: () => text('Tokens_GenerateTokenForNewConversation'),
    renew: conversationId => text('Tokens_RenewToken', { conversationId }),
  }
}
