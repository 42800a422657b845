/**
 * Fields of activities that both sides may use as they like.
 */

/** Fields that belong to whoever sends them, in values of every kind. */
export const preserved = {
  text: 'a text with "quotes", \\ and 💬',
  textFormat: 'markdown',
  speak: '<speak>hello</speak>',
  inputHint: 'acceptingInput',
  summary: 'a summary',
  locale: 'en-GB',
  localTimestamp: '2026-01-05T10:12:44.318+01:00',
  localTimezone: 'Europe/Vienna',
  suggestedActions: { to: ['u1'], actions: [{ type: 'imBack', title: 'A', value: 'a' }] },
  attachmentLayout: 'carousel',
  entities: [{ type: 'ClientCapabilities', requiresBotState: true, Deep: { Case: 1 } }],
  value: { any: [1, 2.5, true, { thing: 'x' }] },
  valueType: 'https://schema.example/thing',
  name: 'a name',
  label: 'a label',
  code: 'completedSuccessfully',
  importance: 'high',
  expiration: '2027-01-01T00:00:00Z',
  listenFor: ['red', 'blue'],
  semanticAction: { id: 'x', state: 'start', entities: {} },
  textHighlights: [{ text: 'text', occurrence: 1 }],
  reactionsAdded: [{ type: 'like' }],
  reactionsRemoved: [{ type: 'sad' }],
  topicName: 'a topic',
  historyDisclosed: true,
  replyToId: 'somewhere|0000007',
  unknown: { field: ['of', 'ours'] },
  UnknownCased: 1,
  'x-odd name': '',
}

/** Values that say little, and stand all the same. */
export const empties = {
  attachments: [],
  entities: [],
  text: '',
  value: null,
  unknown: null,
  historyDisclosed: false,
  suggestedActions: {},
}

/** A link, a card, and something of the application's own. */
export const attachments = [
  {
    contentType: 'image/png',
    contentUrl: 'https://files.example/a.png?x=1&y=%20#z',
    name: 'a.png',
    thumbnailUrl: 'https://files.example/t.png',
  },
  {
    contentType: 'application/vnd.microsoft.card.adaptive',
    content: { type: 'AdaptiveCard', body: [{ type: 'TextBlock', text: 'x' }], selectAction: null },
  },
  { contentType: 'text/plain', content: 'plain', extra: [1] },
]
