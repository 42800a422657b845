/**
 * Cards told in words, for clients that know none.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainContentOf } from './card-text.ts'
import type { JsonObject } from './fields.ts'

const card = (kind: string, content: unknown) => ({ contentType: `application/vnd.microsoft.card.${kind}`, content })

const textOfCard = (kind: string, content: unknown): string =>
  plainContentOf({ attachments: [card(kind, content)] }).text

const lines = (...given: string[]): string => given.join('\n')

test('puts the activity’s text first, then each card in its order, with an empty line between', () => {
  const { text } = plainContentOf({
    text: 'Choose one.',
    attachments: [
      card('hero', { title: 'Tea', subtitle: 'green', text: 'hot' }),
      card('thumbnail', { text: 'cold' }),
      card('hero', {}),
      card('signin', { text: 'Sign in, please' }),
      card('oauth', { text: 'Sign in here', connectionName: 'c' }),
    ],
  })
  assert.equal(text, 'Choose one.\n\nTea\ngreen\nhot\n\ncold\n\nSign in, please\n\nSign in here')
})

test('tells the lines and sums of a receipt', () => {
  const receipt = {
    title: 'Your order',
    facts: [{ key: 'Number', value: '17' }, { key: 'Gift' }, {}],
    items: [{ title: 'Tea', price: '$3' }, { title: 'Cup', price: 4.5, subtitle: 'blue' }, { title: 'Bag' }],
    tax: '$0.40',
    vat: 0.1,
    total: '$8',
  }
  const sums = lines('Number: 17', 'Gift', 'Tea: $3', 'Cup: 4.5', 'Bag', 'Tax: $0.40', 'VAT: 0.1', 'Total: $8')
  assert.equal(textOfCard('receipt', receipt), `Your order\n\n${sums}`)
  assert.equal(textOfCard('receipt', { total: '$8', tax: '' }), 'Total: $8')
  assert.equal(textOfCard('hero', { title: 'Tea', total: '$8' }), 'Tea')
})

test('tells an Adaptive Card by its fallback text, else by its speech, else by its texts', () => {
  const body = [{ type: 'TextBlock', text: 'shown' }]
  const speak =
    '<speak version="1.0"><s>Gate&#32;closes &lt;soon&gt;</s><s>Run, <emphasis>Tom &amp; Jo&#x27;s</emphasis>!</s>\n</speak>'
  assert.equal(textOfCard('adaptive', { fallbackText: 'Told', speak, body }), 'Told')
  assert.equal(textOfCard('adaptive', { speak, body }), "Gate closes <soon> Run, Tom & Jo's!")
  assert.equal(textOfCard('adaptive', { speak: '<speak> </speak>', body }), 'shown')
  assert.equal(textOfCard('adaptive', { fallbackText: '', speak: '', body }), 'shown')
})

test('reads the text blocks of an Adaptive Card in the order of the document, however they are nested', () => {
  const text = (value: string) => ({ type: 'TextBlock', text: value })
  const body = [
    text('one'),
    { type: 'Container', items: [text('two'), { type: 'Container', items: [text('three')] }] },
    {
      type: 'ColumnSet',
      columns: [
        { type: 'Column', items: [text('four'), { type: 'Image', url: 'https://a.example/b.png', text: 'no' }] },
        { type: 'Column', items: [text('five')] },
      ],
    },
    { type: 'Table', rows: [{ type: 'TableRow', cells: [{ type: 'TableCell', items: [text('six')] }] }] },
    'odd',
    text('seven'),
  ]
  const hidden = { type: 'Action.ShowCard', card: { body: [text('hidden')] } }
  const content = { type: 'AdaptiveCard', title: 'no field of these cards', body, actions: [hidden] }
  assert.equal(textOfCard('adaptive', content), lines('one', 'two', 'three', 'four', 'five', 'six', 'seven'))
})

test('looks no deeper into an Adaptive Card than JSON from outside may go', () => {
  const nested = (levels: number): JsonObject => {
    let element: JsonObject = { type: 'TextBlock', text: 'deep' }
    for (let level = 0; level < levels; level += 1) element = { type: 'Container', items: [element] }
    return { body: [element] }
  }
  assert.equal(textOfCard('adaptive', nested(48)), 'deep')
  assert.equal(textOfCard('adaptive', nested(20_000)), '')
})

test('takes pictures from files and cards, in their order', () => {
  const { images, attachments } = plainContentOf({
    attachments: [
      { contentType: 'image/png', contentUrl: 'https://a.example/1' },
      card('hero', { images: [{ url: 'https://a.example/2' }, { alt: 'none' }, { url: 'https://a.example/3' }] }),
      card('audio', { image: { url: 'https://a.example/4' } }),
      { contentType: 'IMAGE/GIF', contentUrl: 'https://a.example/5' },
    ],
  })
  assert.deepEqual(
    images,
    [1, 2, 3, 4, 5].map(number => `https://a.example/${number}`),
  )
  assert.deepEqual(attachments, [])
})

test('takes files from media cards, typed by profile or by extension, and moving pictures as pictures', () => {
  const media = [
    { url: 'https://a.example/1.mp3' },
    { url: 'https://a.example/2.bin', profile: 'audio/mp4' },
    { url: 'https://a.example/3.mp4', profile: 'high quality' },
    { url: 'https://a.example/4' },
    { profile: 'audio/mp4' },
  ]
  const { text, images, attachments } = plainContentOf({
    attachments: [
      card('audio', { title: 'Song', media: media.slice(0, 2) }),
      card('video', { subtitle: 'Film', media: media.slice(2) }),
      card('animation', { text: 'Loop', media: [{ url: 'https://a.example/5.gif' }] }),
    ],
  })
  assert.equal(text, 'Song\n\nFilm\n\nLoop')
  assert.deepEqual(attachments, [
    { url: 'https://a.example/1.mp3', contentType: 'audio/mpeg' },
    { url: 'https://a.example/2.bin', contentType: 'audio/mp4' },
    { url: 'https://a.example/3.mp4', contentType: 'video/mp4' },
    { url: 'https://a.example/4', contentType: 'application/octet-stream' },
  ])
  assert.deepEqual(images, ['https://a.example/5.gif'])
})

test('numbers the buttons of all cards and the suggested actions through the message', () => {
  const { text } = plainContentOf({
    text: 'Well?',
    attachments: [
      card('hero', {
        title: 'Tea',
        buttons: [
          { type: 'imBack', title: 'Order', value: 'order tea' },
          { type: 'postBack', title: 'Later', value: { later: true } },
        ],
      }),
      card('hero', { title: 'Cup', buttons: [{ type: 'openUrl', title: 'Look', value: 'https://a.example/cup' }] }),
    ],
    suggestedActions: {
      actions: [
        { type: 'imBack', title: 'Yes', value: 'y' },
        { type: 'imBack', title: 'No' },
      ],
    },
  })
  const tea = 'Tea\n\n1. Order\n2. Later'
  assert.equal(text, `Well?\n\n${tea}\n\nCup\n\n3. Look: https://a.example/cup\n\n4. Yes\n5. No`)
})

test('shows the address of buttons that lead somewhere, and no other value', () => {
  const told = (type: unknown) => textOfCard('hero', { buttons: [{ type, title: 'Go', value: 'https://a.example' }] })
  for (const type of ['openUrl', 'signin', 'playVideo', 'playAudio', 'showImage', 'downloadFile', 'OpenUrl'])
    assert.equal(told(type), '1. Go: https://a.example')
  for (const type of ['imBack', 'postBack', 'messageBack', 'call', 'invoke', undefined, 5])
    assert.equal(told(type), '1. Go')
})

test('names a button without a title by its value, and counts none that has neither', () => {
  const buttons = [{ type: 'openUrl', value: 'https://a.example' }, { image: 'x' }, null, { value: 'tea' }]
  assert.equal(textOfCard('hero', { buttons }), '1. https://a.example\n2. tea')
})

test('prefers what a bot of the first schema wrote for clients without cards', () => {
  const content = {
    title: 'Tea',
    text: 'green',
    fallbackText: 'Green tea at https://a.example',
    images: [{ url: 'https://a.example/tea.png' }],
    buttons: [{ type: 'imBack', title: 'Order', value: 'order' }],
  }
  const { text, images } = plainContentOf({ attachments: [card('hero', content)] })
  assert.equal(text, 'Green tea at https://a.example\n\n1. Order')
  assert.deepEqual(images, ['https://a.example/tea.png'])
})

test('tells nothing of unknown types that have only content', () => {
  const unknown = [
    'application/json',
    'application/vnd.microsoft.card.other',
    'application/vnd.microsoft.teams.card.list',
  ]
  for (const contentType of [...unknown, undefined]) {
    const plain = plainContentOf({ attachments: [{ contentType, content: { title: 'Tea', text: 'green' } }] })
    assert.deepEqual(plain, { text: '', images: [], attachments: [] })
  }
})

test('knows cards whatever the case of their type', () => {
  const attachment = { contentType: 'Application/Vnd.Microsoft.Card.Hero; charset=utf-8', content: { title: 'Tea' } }
  assert.equal(plainContentOf({ attachments: [attachment] }).text, 'Tea')
})

test('takes a speech of nothing but brackets in no time', () => {
  const startedMs = performance.now()
  for (const speak of ['<'.repeat(250_000), '<s '.repeat(80_000), '&a'.repeat(120_000), ' '.repeat(250_000)])
    plainContentOf({ attachments: [card('adaptive', { speak })] })
  assert.ok(performance.now() - startedMs < 2_000)
})
