/**
 * Clients of 1.1 and of 3.0, bots of the schemas v1 and v3: each client talks with each bot, and what one sends is what
 * the other gets.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import type { BotTurnEnd } from '../../support/bot.ts'
import { connectorAddress } from '../../support/bot.ts'
import { message, post, readLog } from '../../support/direct-line.ts'
import { call, type WireActivity } from '../../support/http.ts'
import { answering, postAsOldBot, speakingV1, startOldBot } from '../../support/old-bot.ts'
import {
  assertNothing,
  type OldChat,
  postOld,
  readMessages,
  startOldChat,
  uploadOld,
} from '../../support/old-direct-line.ts'
import { type FormPart, filePart, formOf, messagePart } from '../direct-line-v1/form.ts'

/** What both sides of a conversation make of a message, in words that all four know. */
type Said = {
  readonly text?: string
  readonly images?: readonly string[]
  readonly files?: readonly (readonly [url: string, type: string])[]
  readonly channelData?: unknown
}

/** A file to be uploaded. */
type Upload = { readonly name: string; readonly type: string; readonly bytes: Buffer }

/** How a client of an API sends, uploads and reads. */
type Client = {
  send(chat: OldChat, said: Said): Promise<void>
  upload(chat: OldChat, files: readonly Upload[], said: Said | undefined): Promise<void>
  /** What the other side has said, oldest first. */
  heard(chat: OldChat): Promise<readonly Said[]>
}

const isImage = (type: string) => type.startsWith('image/')

/** What an activity says. A v1 message has the same fields for it. */
function saidBy({ text, attachments = [], channelData }: WireActivity): Said {
  const urls = attachments.map(({ contentUrl = '', contentType = '' }) => [contentUrl, contentType] as const)
  return {
    text: text ?? '',
    images: urls.filter(([, type]) => isImage(type)).map(([url]) => url),
    files: urls.filter(([, type]) => !isImage(type)),
    channelData,
  }
}

const attachmentsOf = ({ images = [], files = [] }: Said) => [
  ...images.map(contentUrl => ({ contentUrl, contentType: 'image/png' })),
  ...files.map(([contentUrl, contentType]) => ({ contentUrl, contentType })),
]

const partOf = ({ name, type, bytes }: Upload): FormPart => filePart(name, bytes, type)

const old: Client = {
  async send(chat, { text, images, files, channelData }) {
    const attachments = files?.map(([url, contentType]) => ({ url, contentType }))
    assertNothing(await postOld(chat, { from: 'u1', text, images, attachments, channelData }))
  },
  async upload(chat, files, said) {
    const [only, ...more] = files
    if (only !== undefined && more.length === 0 && said === undefined) {
      const headers = { 'content-type': only.type, 'content-disposition': `name="file"; filename="${only.name}"` }
      assertNothing(await uploadOld(chat, { raw: only.bytes, headers }, '?userId=u1'))
    } else {
      const parts = said === undefined ? [] : [messagePart({ from: 'u1', ...said })]
      assertNothing(await uploadOld(chat, formOf([...files.map(partOf), ...parts]), '?userId=u1'))
    }
  },
  async heard(chat) {
    const messages = (await readMessages(chat)).filter(({ from }) => from === 'bot')
    return messages.map(({ text = '', images = [], attachments = [], channelData }) => ({
      text,
      images,
      files: attachments.map(({ url = '', contentType = '' }) => [url, contentType] as const),
      channelData,
    }))
  },
}

const recent: Client = {
  async send(chat, said) {
    const { text, channelData } = said
    const activity = message(text ?? '', 'u1', { attachments: attachmentsOf(said), channelData })
    assert.equal((await post(chat, activity)).status, 200)
  },
  async upload(chat, files, said) {
    const activity: FormPart = {
      headers: ['Content-Disposition: form-data; name="activity"', 'Content-Type: application/vnd.microsoft.activity'],
      bytes: JSON.stringify({ type: 'message', from: { id: 'u1' }, ...said }),
    }
    const form = formOf([...(said === undefined ? [] : [activity]), ...files.map(partOf)])
    const { status, text } = await call(`${chat.address}/upload?userId=u1`, { bearer: chat.token, ...form })
    assert.equal(status, 200, text)
  },
  async heard(chat) {
    return (await readLog(chat)).filter(({ from }) => from?.id === 'bot').map(saidBy)
  },
}

/** A service whose bot, of a schema, says each message again: in the way of its time, and once more later. */
async function startEcho(schema: 'v1' | 'v3') {
  const echo = ({
    type,
    conversationId,
    conversation,
    serviceUrl,
    id,
    ...told
  }: WireActivity): Promise<BotTurnEnd> | 200 => {
    const { text, attachments, channelData } = told
    if (type === 'Message') return Promise.resolve(answering({ text, attachments, channelData }))
    if (type !== 'message') return 200
    const said = { type: 'message', text, attachments, channelData }
    const address = connectorAddress({ serviceUrl: serviceUrl ?? '', conversation: conversation ?? {} })
    return call(`${address}/activities/${encodeURIComponent(id ?? '')}`, { json: said }).then(({ status }) => status)
  }
  const bot = await startOldBot({ answer: told => echo(told as WireActivity) })
  const app = await startApp({ bot: bot.url, ...(schema === 'v1' ? { botSettings: speakingV1 } : {}) })
  return {
    app,
    /** What the bot has been told by people. */
    heard: () => bot.requests.map(({ activity }) => activity).filter(({ type }) => type?.toLowerCase() === 'message'),
    /** The bot says something that nobody asked for. */
    async sayUnasked(chat: OldChat, said: Said): Promise<void> {
      const { text, channelData } = said
      const content = { text, channelData, attachments: attachmentsOf(said) }
      if (schema === 'v1') {
        assert.equal((await postAsOldBot(app.origin, { conversationId: chat.conversation, ...content })).status, 200)
        return
      }
      const join = bot.requests.find(({ text: body }) => body.includes(chat.conversation))?.activity ?? {}
      const sent = await call(`${connectorAddress(join)}/activities`, { json: { type: 'message', ...content } })
      assert.equal(sent.status, 200, sent.text)
    },
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]()
      await bot[Symbol.asyncDispose]()
    },
  }
}

const nothing: Said = { text: '', images: [], files: [], channelData: undefined }
const png = Buffer.from('89504e470d0a1a0a0000000d494844520d0a2d2d2d2d6b38310d0a', 'hex')

/** Follows links to what they lead to. */
const fetched = (urls: readonly string[]) =>
  Promise.all(
    urls.map(async url => {
      const { status, bytes } = await call(url)
      assert.equal(status, 200, url)
      return bytes
    }),
  )

for (const [api, client] of [
  ['1.1', old],
  ['3.0', recent],
] as const) {
  for (const schema of ['v1', 'v3'] as const) {
    describe(`a client of ${api} and a bot of ${schema}`, () => {
      /** Says it, and holds what the bot and then the client hear against it. */
      const assertHeard = async (said: Said) => {
        await using echo = await startEcho(schema)
        const chat = await startOldChat(echo.app)
        await client.send(chat, said)
        assert.deepEqual(echo.heard().map(saidBy), [{ ...nothing, ...said }])
        assert.deepEqual(await client.heard(chat), [{ ...nothing, ...said }])
        await echo.sayUnasked(chat, said)
        assert.deepEqual((await client.heard(chat)).at(-1), { ...nothing, ...said })
      }

      test('text', () => assertHeard({ text: 'Is it **open**?\n\n1 < 2 & "3" 💬' }))

      test('a picture and a file by their addresses', () =>
        assertHeard({
          text: 'see',
          images: ['https://i.example/a.png?x=1&y=ü'],
          files: [['https://f.example/b.pdf', 'application/pdf']],
        }))

      test('channel data, untouched', () =>
        assertHeard({ text: 'x', channelData: { Deep: [{ er: null, Empty: '', list: [] }, 1.5, false], ü: '𝄞' } }))

      test('an uploaded file, byte for byte', async () => {
        await using echo = await startEcho(schema)
        const chat = await startOldChat(echo.app)
        await client.upload(chat, [{ name: 'door.png', type: 'image/png', bytes: png }], undefined)
        const [told, ...more] = echo.heard()
        assert.deepEqual(more, [])
        assert.deepEqual(
          told?.attachments?.map(({ contentType }) => contentType),
          ['image/png'],
        )
        assert.deepEqual(await fetched(told?.attachments?.map(({ contentUrl = '' }) => contentUrl) ?? []), [png])
        const [answer] = await client.heard(chat)
        assert.deepEqual(await fetched(answer?.images ?? []), [png])
      })

      test('several files with a message', async () => {
        await using echo = await startEcho(schema)
        const chat = await startOldChat(echo.app)
        const files = [
          { name: 'a.png', type: 'image/png', bytes: png },
          { name: 'b.pdf', type: 'application/pdf', bytes: Buffer.from('%PDF') },
          { name: 'c.bin', type: 'application/octet-stream', bytes: Buffer.from([0, 255, 13, 10, 45, 45]) },
        ]
        const said = { text: 'three of them', channelData: { n: 3 } }
        await client.upload(chat, files, said)
        const [told, ...more] = echo.heard()
        assert.deepEqual(more, [])
        assert.deepEqual([told?.from?.id, told?.text, told?.channelData], ['u1', said.text, said.channelData])
        assert.deepEqual(
          told?.attachments?.map(({ contentType }) => contentType),
          files.map(({ type }) => type),
        )
        const links = told?.attachments?.map(({ contentUrl = '' }) => contentUrl) ?? []
        assert.deepEqual(
          await fetched(links),
          files.map(({ bytes }) => bytes),
        )
        assert.deepEqual(await client.heard(chat), [
          {
            ...said,
            images: [links[0]],
            files: [
              [links[1], 'application/pdf'],
              [links[2], 'application/octet-stream'],
            ],
          },
        ])
      })
    })
  }
}
