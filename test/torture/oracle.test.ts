/**
 * The oracle of the torture runs, judged itself: each kind of damage, done to a clean history, is found, under its
 * own name.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ConversationHistory, Logged, Sighting } from '../../torture/history.ts'
import { type findings, isClean, judge, type Verdict } from '../../torture/oracle.ts'

/** A clean history: two people and the bot, who answers each message once. */
function cleanHistory(id: string): ConversationHistory {
  const log: Logged[] = []
  const socket: Sighting[] = []
  const polls: Sighting[] = []
  const views = [
    { name: 'socket', seen: socket },
    { name: 'polls', seen: polls },
  ]
  const history: ConversationHistory = { id, tag: `tag-${id}`, sent: [], views, posted: [], log }
  const append = (mark: string, sender: string, answers: string | undefined): string => {
    const activity = `${id}|${String(log.length + 1).padStart(7, '0')}`
    log.push({ id: activity, mark, replyToId: answers, timestamp: new Date(1e12 + log.length).toISOString() })
    history.sent.push({ mark, sender, acknowledged: new Set([activity]), answers })
    return activity
  }
  for (let number = 1; number <= 4; number += 1) {
    for (const sender of ['ann', 'bob']) {
      const mark = `tag-${id}/${sender}/${number}`
      const activity = append(mark, sender, undefined)
      history.posted.push({ id: activity, mark })
      append(`${activity}#1`, `bot to ${activity}`, activity)
    }
  }
  for (const { id: activity, mark } of log) for (const { seen } of views) seen.push({ id: activity, mark })
  return history
}

type Damage = {
  readonly what: string
  readonly kind: (typeof findings)[number]
  readonly done: (damaged: ConversationHistory, other: ConversationHistory) => void
}

const edited = (history: ConversationHistory, edit: (log: Logged[]) => void) => {
  const log = [...history.log]
  edit(log)
  history.log = log
}

const at = <One>(list: readonly One[], place: number): One => {
  const one = list[place]
  assert.ok(one !== undefined)
  return one
}

const damages: readonly Damage[] = [
  {
    what: 'an acknowledged message that is not in the log',
    kind: 'lost',
    done: history => {
      edited(history, log => log.pop())
      for (const { seen } of history.views) seen.pop()
    },
  },
  {
    what: 'an acknowledged id that another message has in the log',
    kind: 'lost',
    done: history => edited(history, log => log.splice(2, 1, { ...at(log, 2), mark: at(log, 0).mark })),
  },
  {
    what: 'a window that was never shown an entry in the middle',
    kind: 'lost',
    done: ({ views }) => at(views, 0).seen.splice(3, 1),
  },
  {
    what: 'a window that never got to the end',
    kind: 'lost',
    done: ({ views }) => at(views, 1).seen.pop(),
  },
  {
    what: 'an acknowledged message the bot was never posted',
    kind: 'lost',
    done: ({ posted }) => posted.splice(1, 1),
  },
  {
    what: 'one clientActivityID under two ids in the log',
    kind: 'doubled',
    done: history => {
      const { log } = history
      const one = { ...at(log, 0), id: `${history.id}|0000099`, timestamp: '2999-01-01T00:00:00.000Z' }
      history.log = [...log, one]
      for (const { seen } of history.views) seen.push(one)
    },
  },
  {
    what: 'one request of the bot under two ids in the log',
    kind: 'doubled',
    done: history => {
      const { log } = history
      const one = { ...at(log, 1), id: `${history.id}|0000099`, timestamp: '2999-01-01T00:00:00.000Z' }
      history.log = [...log, one]
      for (const { seen } of history.views) seen.push(one)
    },
  },
  {
    what: 'a message acknowledged under two ids',
    kind: 'doubled',
    done: ({ sent, log }) => at(sent, 0).acknowledged.add(at(log, 2).id),
  },
  {
    what: 'a window that was shown an entry twice',
    kind: 'doubled',
    done: ({ views }) => at(views, 0).seen.splice(3, 0, at(at(views, 0).seen, 3)),
  },
  {
    what: 'a window whose order is not the log’s',
    kind: 'outOfOrder',
    done: ({ views }) => {
      const { seen } = at(views, 0)
      seen.splice(2, 2, at(seen, 3), at(seen, 2))
    },
  },
  {
    what: 'an answer before its question',
    kind: 'outOfOrder',
    done: history => edited(history, log => log.splice(0, 2, at(log, 1), at(log, 0))),
  },
  {
    what: 'a sender’s later message before an earlier one',
    kind: 'outOfOrder',
    done: ({ sent }) => {
      const later = sent.findLastIndex(({ sender }) => sender === 'ann')
      sent.unshift(...sent.splice(later, 1))
    },
  },
  {
    what: 'time that stands still along the log',
    kind: 'outOfOrder',
    done: history => edited(history, log => log.splice(3, 1, { ...at(log, 3), timestamp: at(log, 2).timestamp })),
  },
  {
    what: 'an entry that nobody sent',
    kind: 'ghosts',
    done: history => {
      const ghost = { id: `${history.id}|0000099`, mark: `${history.tag}/nobody/1` }
      history.log = [...history.log, { ...ghost, replyToId: undefined, timestamp: '2999-01-01T00:00:00.000Z' }]
      for (const { seen } of history.views) seen.push(ghost)
    },
  },
  {
    what: 'an activity a window was shown that the log does not have',
    kind: 'ghosts',
    done: history => at(history.views, 0).seen.push({ id: `${history.id}|0000099`, mark: undefined }),
  },
  {
    what: 'an activity the bot was posted that the log does not have',
    kind: 'ghosts',
    done: history => history.posted.push({ id: `${history.id}|0000099`, mark: undefined }),
  },
  {
    what: 'a window that was shown another conversation’s activity',
    kind: 'crossedOver',
    done: (history, other) => at(history.views, 0).seen.push(at(at(other.views, 0).seen, 0)),
  },
  {
    what: 'another conversation’s message in the log under an id of this one',
    kind: 'crossedOver',
    done: (history, other) => edited(history, log => log.splice(2, 1, { ...at(log, 2), mark: at(other.log, 2).mark })),
  },
  {
    what: 'another conversation’s activity posted to the bot as this one’s',
    kind: 'crossedOver',
    done: (history, other) => history.posted.push(at(other.posted, 0)),
  },
]

test('a clean history is found clean', () => {
  const verdict = judge([cleanHistory('a'), cleanHistory('b')])
  assert.deepEqual(verdict, { lost: [], doubled: [], outOfOrder: [], ghosts: [], crossedOver: [] } satisfies Verdict)
  assert.ok(isClean(verdict))
})

for (const { what, kind, done } of damages) {
  test(`finds ${what}`, () => {
    const damaged = cleanHistory('a')
    done(damaged, cleanHistory('b'))
    const verdict = judge([damaged, cleanHistory('b')])
    assert.ok(verdict[kind].length > 0, JSON.stringify(verdict))
    assert.ok(!isClean(verdict))
  })
}
