/**
 * The official Web Chat, steered by the console around it. It has no origin of its own, so all it knows it is told in
 * messages; the token is never in an address. A classic script: a page without an origin may load no modules.
 */
;(() => {
  const say = message => window.parent.postMessage({ v: 1, ...message }, window.location.origin)
  const fail = message => say({ type: 'failed', message: String(message) })

  /** How Web Chat's library names the ends of a conversation. */
  const ends = { 3: 'The token has expired.', 4: 'Could not connect.', 5: 'The conversation has ended.' }

  /** What can be pressed or written in: a click there is meant for it. */
  const pressable = 'a, button, input, select, textarea, label, summary, audio, video, [role="button"]'

  const place = document.getElementById('chat')
  const outline = document.head.appendChild(document.createElement('style'))
  let chat
  let theme = 'light'
  let highlighted

  /**
   * Wraps what Web Chat shows of an activity, so that it can be found by its id. The element is written out, because
   * Web Chat brings its React along without giving it away.
   */
  const wrapped = (id, element) => ({
    $$typeof: Symbol.for('react.element'),
    type: 'div',
    key: null,
    ref: null,
    props: { className: 'landline-activity', 'data-activity': id, children: element },
    _owner: null,
  })

  const activityMiddleware =
    () =>
    next =>
    (...card) => {
      const render = next(...card)
      if (typeof render !== 'function') return render
      return (...how) => {
        const element = render(...how)
        return element ? wrapped(card[0]?.activity?.id, element) : element
      }
    }

  /** Who the token speaks for: Web Chat reads it there itself, and warns when it is told as well. */
  const namesUser = token => {
    try {
      const body = token.split('.')[1].replace(/-/g, '+').replace(/_/g, '/')
      return Boolean(JSON.parse(atob(body)).user)
    } catch {
      // Not a token that Web Chat could read either.
      return false
    }
  }

  function start({ domain, token, conversationId, watermark, userId, locale, theme: wanted }) {
    if (chat !== undefined) return
    const began = performance.now()
    const store = window.WebChat.createStore({}, () => next => action => {
      if (action.type === 'DIRECT_LINE/CONNECT_FULFILLED')
        say({ type: 'connected', ms: Math.round(performance.now() - began) })
      else if (action.type === 'DIRECT_LINE/INCOMING_ACTIVITY' && action.payload.activity.id !== undefined)
        shownNow(action.payload.activity.id)
      return next(action)
    })
    // Without a watermark the library would begin where the conversation is now, and miss a greeting.
    const directLine = window.WebChat.createDirectLine({ domain, token, conversationId, watermark: watermark ?? '0' })
    directLine.connectionStatus$.subscribe(status => {
      if (status in ends) fail(ends[status])
    })
    chat = { directLine, store, locale, ...(namesUser(token) || !userId ? {} : { userID: userId }) }
    wear(wanted)
  }

  /** Draws the chat, or draws it again in other colours. */
  function wear(wanted) {
    theme = wanted === 'dark' ? 'dark' : 'light'
    document.documentElement.dataset.theme = theme
    if (chat === undefined) return
    const { styleOptions, cardConfig } = window.landlineLook
    const look = { styleOptions: styleOptions(theme), adaptiveCardsHostConfig: cardConfig(theme) }
    window.WebChat.renderWebChat({ ...chat, ...look, activityMiddleware }, place)
  }

  /** An activity has come. What is selected is brought into sight as soon as it is drawn. */
  function shownNow(id) {
    say({ type: 'activity', id })
    if (id === highlighted) requestAnimationFrame(() => requestAnimationFrame(() => highlight(id)))
  }

  const shown = id => place.querySelector(`[data-activity="${CSS.escape(id)}"]`)

  /** By a rule and not by a class: Web Chat may draw the activity again at any time. */
  function highlight(id) {
    highlighted = id
    outline.textContent =
      typeof id === 'string' ? `[data-activity="${CSS.escape(id)}"] { outline-color: var(--accent) }` : ''
    if (typeof id === 'string') shown(id)?.scrollIntoView({ block: 'nearest' })
  }

  const told = {
    start,
    highlight: ({ id }) => highlight(id),
    theme: message => wear(message.theme),
    focus: () => place.querySelector('.webchat__send-box-text-box__input')?.focus(),
  }

  window.addEventListener('message', ({ source, data }) => {
    if (source !== window.parent || data?.v !== 1 || !Object.hasOwn(told, data.type)) return
    try {
      told[data.type](data)
    } catch (error) {
      fail(error.message ?? error)
    }
  })

  const select = element => {
    const id = element?.closest('[data-activity]')?.dataset.activity
    if (id !== undefined && id !== highlighted) say({ type: 'select', id })
  }

  place.addEventListener('click', ({ target }) => {
    if (target.closest(pressable) === null && getSelection()?.isCollapsed !== false) select(target)
  })

  // By keyboard Web Chat walks through its transcript without moving the focus; Enter selects where it is.
  place.addEventListener(
    'keydown',
    ({ key, target }) => {
      const active = target.getAttribute?.('aria-activedescendant')
      if (key !== 'Enter' || !active) return
      const at = document.getElementById(active)
      select(at?.closest('[data-activity]') ?? at?.parentElement?.querySelector('[data-activity]'))
    },
    true,
  )

  if (window.WebChat !== undefined) {
    say({ type: 'ready' })
    return
  }
  const [script] = document.getElementsByTagName('script')
  fetch(script.src)
    .then(async answer => fail(answer.ok ? 'Web Chat could not be loaded.' : await answer.text()))
    .catch(() => fail('Web Chat could not be loaded.'))
})()
