/**
 * The chat page: opens a conversation, or the one this tab had before a reload, and shows how the connection is.
 */
import { cardLook, chatLook } from './look.js'

/** What a tab remembers: nothing that opens more than its own conversation. */
const memory = 'landline.conversation'

/** How Web Chat's library names the state of a conversation. */
const [online, expired, failed, ended] = [2, 3, 4, 5]

const state = document.getElementById('state')
const again = document.getElementById('new')
const place = document.getElementById('chat')
const darkness = matchMedia('(prefers-color-scheme: dark)')

function show(kind, text) {
  if (state.textContent !== text) state.textContent = text
  state.dataset.state = kind
}

function fail(text, detail) {
  show('bad', text)
  const failure = document.createElement('p')
  failure.id = 'failure'
  failure.textContent = detail
  place.replaceChildren(failure)
}

/** Set once the tab gives its conversation up, so that closing the page does not keep it again. */
let leaving = false

again.addEventListener('click', () => {
  sessionStorage.removeItem(memory)
  leaving = true
  location.reload()
})

/**
 * The library says nothing while it waits to connect again, so the page watches the sockets themselves: the library
 * takes whatever WebSocket the window has when a conversation is opened.
 */
function watchSockets(onChange) {
  window.WebSocket = class extends WebSocket {
    constructor(...words) {
      super(...words)
      this.addEventListener('open', () => onChange('open'))
      this.addEventListener('close', () => onChange('closed'))
    }
  }
}

async function newConversation() {
  const response = await fetch('/dev/token', { method: 'POST' })
  const answer = await response.json()
  if (!response.ok) throw new Error(answer.error?.message ?? `The service answered ${response.status}.`)
  return { token: answer.token, domain: answer.domain }
}

/** The conversation this tab had, with a fresh token; undefined if there was none or it is gone. */
async function formerConversation() {
  const kept = readMemory()
  if (kept === undefined) return undefined
  const response = await fetch(`${kept.domain}/conversations/${kept.conversationId}`, {
    headers: { authorization: `Bearer ${kept.token}` },
  })
  if (!response.ok) return undefined
  const { token } = await response.json()
  // From the beginning: the page has forgotten what it has shown.
  return { ...kept, token, watermark: '0' }
}

function readMemory() {
  try {
    return JSON.parse(sessionStorage.getItem(memory)) ?? undefined
  } catch {
    // Not ours: the tab starts anew.
    return undefined
  }
}

function remember({ conversationId, token, domain }) {
  if (!leaving && conversationId) sessionStorage.setItem(memory, JSON.stringify({ conversationId, token, domain }))
}

async function open() {
  if (window.WebChat === undefined) {
    const [script] = document.getElementsByTagName('script')
    const answer = await fetch(script.src)
    fail('Web Chat is missing', answer.ok ? 'It is here now: reload the page.' : await answer.text())
    return
  }
  show('waiting', 'Connecting …')
  const conversation = (await formerConversation()) ?? (await newConversation())
  watchSockets(socket => {
    if (socket === 'open') show('good', 'Connected')
    else if (directLine.connectionStatus$.getValue() === online) show('waiting', 'Connection lost, connecting again …')
  })
  const directLine = window.WebChat.createDirectLine(conversation)
  // The library replaces the token every quarter of an hour, and has the newest when the page goes.
  const keep = () =>
    remember({ conversationId: directLine.conversationId, token: directLine.token, domain: conversation.domain })
  directLine.connectionStatus$.subscribe(status => {
    if (status === online) keep()
    else if (status === expired) show('bad', 'The token has expired: begin a new conversation')
    else if (status === failed) show('bad', 'Could not connect')
    else if (status === ended) show('bad', 'The conversation is gone')
  })
  addEventListener('pagehide', keep)

  const render = () =>
    window.WebChat.renderWebChat(
      { directLine, styleOptions: chatLook(darkness.matches), adaptiveCardsHostConfig: cardLook(darkness.matches) },
      place,
    )
  render()
  darkness.addEventListener('change', render)
  again.disabled = false
}

open().catch(error => {
  again.disabled = false
  fail('Could not connect', String(error.message ?? error))
})
