/**
 * One conversation in the console: the chat, the log and the details, in a real browser and with real bots.
 */
import assert from 'node:assert/strict'
import { suite } from 'node:test'
import { ask, done } from '../support/admin.ts'
import { type Given, inBrowser } from './browser-test.ts'
import { secondsPass } from './lively.ts'
import { begun, ConversationWindow, cuttable, startTalking, type Talking } from './talking.ts'

const { begin } = ConversationWindow

/** How long a chat may take to be connected, and how far its page and its frame may be apart, where other tests run: milliseconds. */
const connectedMsMax = 15_000
const apartMsMax = 3_000

suite('a conversation in the console', () => {
  const browserTest = inBrowser(startTalking)

  browserTest(
    'begins a conversation whose chat is connected soon, and shows each turn in both at once',
    async given => {
      await using window = await ConversationWindow.open(given, 'conversations?bot=echo')
      await window.page.getByRole('button', { name: 'New conversation' }).click()
      const box = window.chat.getByRole('textbox', { name: 'Message input box' })
      await box.waitFor({ timeout: connectedMsMax })
      const seen = window.seenAt('You said: hi')
      await window.say('hi')
      await window.row(/→ bot message hi 200 \d/).waitFor()
      const [row, chat] = await seen
      assert.ok(Math.abs(row - chat) < apartMsMax, `${row - chat} ms`)
      // What was heard live belongs to its turn, as what was read does.
      await window.row(/← bot message You said: hi/).click()
      await window.page.getByRole('region', { name: 'Turn' }).getByText('200').waitFor()
      assert.deepEqual(
        window.complaints.filter(text => /dl_|user ID/i.test(text)),
        [],
      )
    },
  )

  browserTest(
    'selects in the log and the details what is clicked in the chat, and outlines in the chat what is clicked in the log',
    async given => {
      await using window = await begin(given, 'echo', ['one', 'two'])
      await window.messages.nth(2).locator('.webchat__text-content').click()
      const selected = window.log.getByRole('option', { selected: true })
      await window.isAt('a', '3')
      assert.match((await selected.textContent()) ?? '', /two/)
      const tree = window.page.getByRole('tree', { name: 'Activity' })
      await tree.getByRole('treeitem', { name: 'text: "two"' }).waitFor()
      await window.page.getByRole('region', { name: 'Turn' }).getByText('200').waitFor()

      const outlined = () =>
        window.messages.evaluateAll(shown =>
          shown.map(at => !/, 0\)$/.test(at.ownerDocument.defaultView?.getComputedStyle(at).outlineColor ?? '')),
        )
      await window.row(/You said: one/).click()
      await window.isAt('a', '2')
      await window.chat.locator('[data-activity$="|0000002"]').waitFor()
      assert.deepEqual(await outlined(), [false, true, false, false])

      await window.page.reload()
      await window.messages.nth(3).waitFor()
      assert.match((await selected.textContent()) ?? '', /You said: one/)
      await tree.getByRole('treeitem', { name: 'text: "You said: one"' }).waitFor()
      assert.deepEqual(await outlined(), [false, true, false, false])
    },
  )

  browserTest('draws where the time of a turn went, each part within the axis', async given => {
    await using window = await begin(given, 'echo', ['sleep 200'])
    await window.row(/→ bot message sleep 200 200/).click()
    const parts = window.page.getByRole('list', { name: 'Parts of the turn' })
    for (const name of ['receive', 'store', 'bot', 'reply 1', 'push 1'])
      await parts.getByRole('button', { name: new RegExp(`^${name} `) }).waitFor()
    const bot = msIn(await parts.getByRole('button', { name: /^bot / }).textContent())
    const turn = window.page.getByRole('region', { name: 'Turn' })
    const whole = msIn(
      await turn
        .getByText(/^[\d.]+ m?s$/)
        .first()
        .textContent(),
    )
    assert.ok(bot >= 199 && bot <= whole, `${bot} of ${whole} ms`)
    const beyond = await parts.locator('.span-bar').evaluateAll(bars =>
      bars.map(bar => {
        const [own, axis] = [bar.getBoundingClientRect(), bar.parentElement?.getBoundingClientRect()]
        return axis !== undefined && own.left >= axis.left - 0.5 && own.right <= axis.right + 0.5 && own.width > 0
      }),
    )
    assert.ok(beyond.length >= 5 && beyond.every(Boolean), JSON.stringify(beyond))
    await parts.getByRole('button', { name: /^bot / }).focus()
    await window.page.getByText(/^bot: the bot, until its answer begins, from /).waitFor()
  })

  browserTest('shows what a broken bot answered, and adds a turn when the activity is sent again', async given => {
    given.service.broken.breakAgain()
    await using window = await begin(given, 'broken', ['please crash'])
    const row = window.row(/→ bot message please crash/)
    await window.row(/please crash 500/).click()
    const turn = window.page.getByRole('region', { name: 'Turn' })
    await turn.getByText('BotThrew').waitFor()
    await turn.getByText('TypeError: Cannot read properties of undefined (reading "order")').waitFor()
    await window.page.getByRole('tab', { name: 'Response' }).click()
    await window.page.getByRole('tabpanel').getByText('HTTP 500').waitFor()

    given.service.broken.repair()
    await window.page.getByRole('button', { name: 'Send again' }).click()
    await window.row(/please crash again 200/).waitFor()
    const choice = window.page.getByRole('group', { name: 'Turns of this activity' })
    await choice.getByRole('button', { name: 'again 200', pressed: true }).waitFor()
    await choice.getByRole('button', { name: 'turn 1 500' }).click()
    await turn.getByText('BotThrew').waitFor()
    assert.equal(await row.count(), 1, 'the activity is in the log once')
    await window.row(/← bot message You said: please crash/).waitFor()
  })

  browserTest('restarts as the same user and as a new one', async given => {
    await using window = await begin(given, 'echo', ['before'])
    const from = async (conversation: string, text: string) => {
      const told = await given.service.echo.until('the message', bot =>
        bot.of(conversation, 'message').find(activity => activity.text === text),
      )
      return told.from?.id
    }
    const restart = async (who: string, before: string) => {
      await window.page.getByRole('button', { name: 'Restart' }).click()
      await window.page.getByRole('menuitem', { name: who }).click()
      await window.page.waitForURL(url => url.pathname.includes('/conversations/') && !url.pathname.includes(before))
      const now = new URL(window.page.url()).pathname.split('/').at(-1) ?? ''
      await window.say(`after ${who}`)
      await window.row(new RegExp(`→ bot message after ${who} 200`)).waitFor()
      return now
    }
    const first = await from(window.id, 'before')
    const same = await restart('Same user', window.id)
    const another = await restart('New user', same)
    assert.equal(await from(same, 'after Same user'), first)
    assert.notEqual(await from(another, 'after New user'), first)
    assert.deepEqual(
      window.complaints.filter(text => /dl_|user ID/i.test(text)),
      [],
    )
  })

  browserTest('runs nothing of what is said, shows it as text, and lets no script of the frame out', async given => {
    const evil = '<img src=x onerror=alert(1)>'
    await using window = await begin(given, 'echo', [evil])
    const alerts: string[] = []
    window.page.on('dialog', dialog => {
      alerts.push(dialog.message())
      void dialog.dismiss()
    })
    const card = { type: 'AdaptiveCard', version: '1.5', body: [{ type: 'TextBlock', text: evil }] }
    await done(given.service.app, 'POST', `/conversations/${window.id}/send`, {
      activity: {
        type: 'message',
        text: evil,
        attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content: card }],
      },
    })
    await window.row(/card: AdaptiveCard/).click()
    assert.match((await window.row(/card: AdaptiveCard/).textContent()) ?? '', /<img src=x onerror=alert\(1\)>/)
    await window.page
      .getByRole('treeitem', { name: `text: "${evil}"` })
      .first()
      .waitFor()
    await window.messages.nth(3).waitFor()
    assert.equal(await window.page.locator('img[src="x"]').count(), 0)
    assert.equal(await window.chat.locator('img[onerror]').count(), 0)
    const tried = await window.inFrame<readonly string[]>(`(async () => {
      const outcome = async act => {
        try {
          await act()
          return 'allowed'
        } catch (error) {
          return error.name
        }
      }
      return [await outcome(() => parent.document), await outcome(() => fetch('/admin/v1/about'))]
    })()`)
    assert.deepEqual(tried, ['SecurityError', 'TypeError'])
    assert.deepEqual(alerts, [])
    // What the browser says of the refused attempt was provoked here.
    window.complaints.length = 0
  })

  browserTest('misses nothing of what was said while its live socket was cut', async given => {
    await using window = await ConversationWindow.open(given, 'settings')
    const cut = await cuttable(window.page)
    const id = await begun(given.service, 'echo', 'before')
    await window.page.goto(`${given.service.app.origin}/console/conversations/${id}`)
    await window.row('You said: before').waitFor()
    const mend = cut()
    await window.page.getByText('Reconnecting').waitFor()
    for (const text of ['one', 'two', 'three'])
      await done(given.service.app, 'POST', `/conversations/${id}/send`, { activity: { type: 'message', text } })
    // Nothing is under way any more that the new socket would be told of.
    await secondsPass(given.service.app, 2)
    mend()
    await window.page.getByText('Live', { exact: true }).waitFor()
    for (const text of ['one', 'two', 'three']) {
      await window.row(`← bot message You said: ${text}`).waitFor()
      await window.row(new RegExp(`→ bot message ${text} 200`)).waitFor()
    }
    assert.equal(await window.log.getByRole('option').count(), 8)
    await window.page.getByRole('button', { name: 'More' }).click()
    await window.page.getByRole('menuitem', { name: 'Delete' }).click()
    await window.page.getByRole('dialog').getByText('Its 8 activities').waitFor()
  })

  browserTest(
    'misses no end of a turn between the reading of the log and the opening of its live socket',
    async given => {
      await using window = await ConversationWindow.open(given, 'settings')
      const { promise: isRead, resolve: open } = Promise.withResolvers<void>()
      await window.page.routeWebSocket('**/admin/v1/live', async socket => {
        await isRead
        socket.connectToServer()
      })
      const id = await begun(given.service, 'echo')
      const said = say(given, id, 'sleep 2000')
      await given.service.echo.until('the message', bot => bot.of(id, 'message')[0])
      await window.page.goto(`${given.service.app.origin}/console/conversations/${id}`)
      await window.row(/→ bot message sleep 2000 …/).waitFor()
      await said
      open()
      await window.row(/→ bot message sleep 2000 200/).waitFor()
    },
  )

  browserTest('shows no turn as running that was over before an old answer came', async given => {
    await using window = await ConversationWindow.open(given, 'settings')
    const id = await begun(given.service, 'echo')
    const said = say(given, id, 'sleep 1000')
    await given.service.echo.until('the message', bot => bot.of(id, 'message')[0])
    const { promise: isOver, resolve: goOn } = Promise.withResolvers<void>()
    await window.page.route('**/records?*', async route => {
      const response = await route.fetch()
      await isOver
      await route.fulfill({ response })
    })
    const asked = window.page.waitForResponse(response => response.url().includes('/records?'))
    await window.page.goto(`${given.service.app.origin}/console/conversations/${id}`)
    await said
    // News of turns come in order: with this one, that of the turn before has come too.
    await say(given, id, 'marker')
    await window.row(/→ bot message marker 200/).waitFor()
    goOn()
    await asked
    await window.row(/→ bot message sleep 1000 200/).waitFor()
    await window.page.unrouteAll({ behavior: 'wait' })
  })

  browserTest('sends what is written by hand, once it is an activity', async given => {
    await using window = await begin(given, 'echo')
    await window.page.getByRole('heading', { level: 1 }).click()
    await window.page.keyboard.press('e')
    const dialog = window.page.getByRole('dialog', { name: 'Edit and send' })
    const text = dialog.getByRole('textbox', { name: 'Activity' })
    await text.fill('{ "type": "message", ')
    await dialog.getByText(/JSON/).waitFor()
    assert.equal(await dialog.getByRole('button', { name: 'Send' }).isDisabled(), true)
    await dialog.getByRole('button', { name: 'event', exact: true }).click()
    await dialog.getByRole('button', { name: 'Send' }).click()
    await dialog.waitFor({ state: 'detached' })
    await window.row(/→ bot event my\.event 200/).waitFor()
  })

  browserTest('deletes a conversation once somebody has said so again', async given => {
    await using window = await begin(given, 'echo', ['to be erased'])
    await window.page.getByRole('button', { name: 'More' }).click()
    await window.page.getByRole('menuitem', { name: 'Delete' }).click()
    const dialog = window.page.getByRole('dialog', { name: `Delete conversation ${window.id.slice(0, 12)}?` })
    await dialog.getByRole('button', { name: 'Delete', exact: true }).click()
    await window.page.getByRole('heading', { name: 'Conversations' }).waitFor()
    assert.equal((await ask(given.service.app, 'GET', `/conversations/${window.id}`)).status, 404)
  })
})

/** Says something as the user does. Resolves when the bot's turn is over. */
const say = ({ service }: Given<Talking>, id: string, text: string) =>
  done(service.app, 'POST', `/conversations/${id}/send`, { activity: { type: 'message', text } })

/** The first duration in a text: milliseconds. */
function msIn(text: string | null): number {
  const [, number, unit] = /.*?([\d.]+) (ms|s)\b/.exec(text ?? '') ?? []
  return Number(number) * (unit === 's' ? 1000 : 1)
}
