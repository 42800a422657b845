/**
 * The chat page: opens a conversation, or the one this tab had before a reload, and shows how the connection is.
 */
/** What a tab remembers: nothing that opens more than its own conversation. */
const memory = 'landline.conversation'

/** How Web Chat's library names the state of a conversation. */
const [online, expired, failed, ended] = [2, 3, 4, 5]

const state = document.getElementById('state')
const again = document.getElementById('new')
const place = document.getElementById('chat')
const darkness = matchMedia('(prefers-color-scheme: dark)')
const font = 'system-ui, sans-serif'

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

again.addEventListener('click', () => {
  sessionStorage.removeItem(memory)
  leaving = true
  location.reload()
})

/** Set once the tab gives its conversation up, so that closing the page does not keep it again. */
let leaving = false

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

/** How the chat looks. What is not named here is as Web Chat has it. */
function styleOptions() {
  const common = {
    bubbleBorderRadius: 8,
    bubbleFromUserBorderRadius: 8,
    primaryFont: font,
    typingAnimationBackgroundImage: typingDots(darkness.matches ? '#a7adb8' : '#5b6270'),
    typingAnimationHeight: 20,
    typingAnimationWidth: 48,
  }
  if (!darkness.matches) return { ...common, bubbleBackground: '#f4f5f7', bubbleFromUserBackground: '#dcebff' }
  return {
    ...common,
    accent: '#8ab4f8',
    subtle: '#a7adb8',
    backgroundColor: '#1b1d21',
    bubbleBackground: '#24272c',
    bubbleBorderColor: '#383c43',
    bubbleTextColor: '#e8eaed',
    bubbleFromUserBackground: '#274060',
    bubbleFromUserBorderColor: '#274060',
    bubbleFromUserTextColor: '#ffffff',
    sendBoxBackground: '#24272c',
    sendBoxTextColor: '#e8eaed',
    sendBoxButtonColor: '#a7adb8',
    sendBoxBorderTop: 'solid 1px #383c43',
    suggestedActionBackgroundColor: '#24272c',
    suggestedActionTextColor: '#8ab4f8',
    suggestedActionBorderColor: '#8ab4f8',
    timestampColor: '#a7adb8',
  }
}

/** Three dots that come and go. Web Chat's own picture has a light ground. */
function typingDots(colour) {
  const dot = at =>
    `<circle cx="${10 + at * 14}" cy="10" r="4" fill="${colour}" opacity=".3"><animate attributeName="opacity" ` +
    `values=".3;1;.3" dur="1.2s" begin="${at * 0.2}s" repeatCount="indefinite"/></circle>`
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="48" height="20">${[0, 1, 2].map(dot).join('')}</svg>`
  return `url("data:image/svg+xml,${encodeURIComponent(picture)}")`
}

/** Colours of cards in the dark; by day Web Chat's own do. */
function cardLook() {
  if (!darkness.matches) return undefined
  const shades = (plain, subtle) => ({ default: plain, subtle })
  const foregroundColors = {
    default: shades('#e8eaed', '#a7adb8'),
    dark: shades('#a7adb8', '#8a909c'),
    light: shades('#ffffff', '#d0d4da'),
    accent: shades('#8ab4f8', '#8ab4f8'),
    good: shades('#4cc38a', '#4cc38a'),
    warning: shades('#f5c35b', '#f5c35b'),
    attention: shades('#ff8a7a', '#ff8a7a'),
  }
  const ground = backgroundColor => ({ backgroundColor, foregroundColors })
  return {
    fontFamily: font,
    containerStyles: {
      default: { foregroundColors },
      emphasis: ground('#30343b'),
      accent: ground('#233a5c'),
      good: ground('#17402d'),
      attention: ground('#54211c'),
      warning: ground('#4b3a12'),
    },
    actions: { actionAlignment: 'stretch', actionsOrientation: 'vertical', buttonSpacing: 8, maxActions: 100 },
  }
}

async function open() {
  if (window.WebChat === undefined) {
    const [script] = document.getElementsByTagName('script')
    fail('Web Chat is missing', await (await fetch(script.src)).text())
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
    else if (status === expired) show('bad', 'The token has expired')
    else if (status === failed) show('bad', 'Could not connect')
    else if (status === ended) show('bad', 'The conversation is gone')
  })
  addEventListener('pagehide', keep)

  const render = () =>
    window.WebChat.renderWebChat(
      { directLine, styleOptions: styleOptions(), adaptiveCardsHostConfig: cardLook() },
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
