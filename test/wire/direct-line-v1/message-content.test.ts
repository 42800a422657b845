/**
 * What a message of 1.1 holds of an activity: text, pictures, files and channel data; cards and buttons in words.
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { startApp } from '../../support/app.ts'
import { startBot } from '../../support/bot.ts'
import { call, type WireActivity } from '../../support/http.ts'
import { getMessages, messagesIn, type OldMessage, startOldChat } from '../../support/old-direct-line.ts'

const bot = await startBot()
const app = await startApp({ bot: bot.url })
after(async () => {
  await app[Symbol.asyncDispose]()
  await bot[Symbol.asyncDispose]()
})

/** What a client reads of a message of the bot, but for what every message has. */
async function shown(activity: WireActivity): Promise<OldMessage> {
  const chat = await startOldChat(app)
  const join = await bot.until('the start', ({ of }) => of(chat.conversation)[0])
  const { status, text: answer } = await bot.say(join, { type: 'message', ...activity })
  assert.equal(status, 200, answer)
  const [message] = messagesIn(await getMessages(chat))
  const { id, conversationId, created, from, ...content } = message ?? {}
  assert.ok(id !== undefined && conversationId === chat.conversation && created !== undefined && from === 'bot')
  return content
}

const hero = (content: unknown) => ({ contentType: 'application/vnd.microsoft.card.hero', content })

test('the text is always there, empty if there is none', async () => {
  assert.deepEqual(await shown({ text: 'Hello' }), { text: 'Hello' })
  assert.deepEqual(await shown({ text: '' }), { text: '' })
  assert.deepEqual(await shown({ value: { only: 'a value' } }), { text: '' })
  assert.deepEqual(await shown({ summary: 'In short' }), { text: 'In short' })
  assert.deepEqual(await shown({ text: 'At length', summary: 'In short' }), { text: 'At length' })
})

test('channel data passes untouched, whatever it is', async () => {
  for (const channelData of [
    { deep: [{ er: null, Mixed: 'Case', n: 1.5, empty: '', list: [] }], __proto: 1 },
    { attachment: { type: 'template' } },
    [1, 'two'],
    'text',
    7,
    false,
  ])
    assert.deepEqual(await shown({ text: 'x', channelData }), { text: 'x', channelData })
})

test('pictures and files go apart: an image type makes a picture, every other one a file', async () => {
  assert.deepEqual(
    await shown({
      text: 'see',
      attachments: [
        { contentType: 'image/png', contentUrl: 'https://files.example/1.png', name: 'one' },
        { contentType: 'application/pdf', contentUrl: 'https://files.example/2.pdf', name: 'two' },
        { contentType: 'IMAGE/JPEG', contentUrl: 'https://files.example/3' },
        { contentUrl: 'https://files.example/4' },
        { contentType: 'video/mp4', contentUrl: 'https://files.example/5.mp4' },
      ],
    }),
    {
      text: 'see',
      images: ['https://files.example/1.png', 'https://files.example/3'],
      attachments: [
        { url: 'https://files.example/2.pdf', contentType: 'application/pdf' },
        { url: 'https://files.example/4', contentType: 'application/octet-stream' },
        { url: 'https://files.example/5.mp4', contentType: 'video/mp4' },
      ],
    },
  )
})

test('what the schema has no field for is left out', async () => {
  assert.deepEqual(
    await shown({
      text: 'x',
      speak: 'x',
      inputHint: 'expectingInput',
      attachmentLayout: 'carousel',
      locale: 'de',
      entities: [{ type: 'mention' }],
      textFormat: 'plain',
      made: 'up',
    }),
    { text: 'x' },
  )
})

test('cards become text, pictures and numbered buttons; the numbers run on into the suggested actions', async () => {
  assert.deepEqual(
    await shown({
      text: 'Choose:',
      attachments: [
        hero({
          title: 'First',
          subtitle: 'of two',
          text: 'The first one.',
          images: [{ url: 'https://files.example/1.png' }],
          buttons: [
            { type: 'imBack', title: 'Take it', value: 'take 1' },
            { type: 'openUrl', title: 'More', value: 'https://shop.example/1' },
          ],
          tap: { type: 'openUrl', value: 'https://shop.example' },
        }),
        {
          contentType: 'application/vnd.microsoft.card.thumbnail',
          content: { title: 'Second', buttons: [{ type: 'postBack', title: 'This one', value: '2' }] },
        },
      ],
      suggestedActions: { actions: [{ type: 'imBack', title: 'Neither', value: 'no' }] },
    }),
    {
      text: [
        'Choose:',
        'First\nof two\nThe first one.',
        '1. Take it\n2. More: https://shop.example/1',
        'Second',
        '3. This one',
        '4. Neither',
      ].join('\n\n'),
      images: ['https://files.example/1.png'],
    },
  )
})

test('receipts list their facts, items and sums; media cards their files', async () => {
  const receipt = {
    title: 'Receipt',
    facts: [{ key: 'Order', value: '17' }],
    items: [{ title: 'Tea', price: '€ 3' }],
    tax: '€ 1',
    total: '€ 4',
  }
  const { text = '' } = await shown({
    attachments: [{ contentType: 'application/vnd.microsoft.card.receipt', content: receipt }],
  })
  for (const line of ['Receipt', 'Order: 17', 'Tea: € 3']) assert.ok(text.split('\n').includes(line), text)
  assert.match(text, /€ 1\n.*€ 4$/)
  const media = [{ url: 'https://files.example/a.mp3' }, { url: 'https://files.example/b', profile: 'audio/wav' }]
  assert.deepEqual(
    await shown({ attachments: [{ contentType: 'application/vnd.microsoft.card.audio', content: { media } }] }),
    {
      text: '',
      attachments: [
        { url: 'https://files.example/a.mp3', contentType: 'audio/mpeg' },
        { url: 'https://files.example/b', contentType: 'audio/wav' },
      ],
    },
  )
})

test('an adaptive card is told by its fallback text, else its speech, else its text blocks', async () => {
  const body = [
    { type: 'TextBlock', text: 'One' },
    { type: 'Container', items: [{ type: 'TextBlock', text: 'Two' }] },
  ]
  const card = (more: object) => ({
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        content: { type: 'AdaptiveCard', version: '1.5', body, ...more },
      },
    ],
  })
  assert.deepEqual(await shown(card({ fallbackText: 'Fallback', speak: 'Speech' })), { text: 'Fallback' })
  assert.deepEqual(await shown(card({ speak: '<s>Spoken &amp; said</s>' })), { text: 'Spoken & said' })
  assert.deepEqual(await shown(card({})), { text: 'One\nTwo' })
})

test('content that nobody knows gives nothing, and hinders nothing', async () => {
  assert.deepEqual(
    await shown({
      text: 'x',
      attachments: [
        { contentType: 'application/x-made-up', content: { title: 'unseen' } },
        hero('not a card'),
        hero({ title: [], buttons: 'none', images: [null] }),
      ],
    }),
    { text: 'x' },
  )
})

test('a picture the bot sends in its message becomes a link that leads to its bytes', async () => {
  const bytes = Buffer.from('not really a picture')
  const { images = [] } = await shown({
    attachments: [{ contentType: 'image/png', contentUrl: `data:image/png;base64,${bytes.toString('base64')}` }],
  })
  const link = images[0] ?? ''
  assert.ok(link.startsWith(`${app.origin}/attachments/`), link)
  assert.deepEqual((await call(link)).bytes, bytes)
})
