/**
 * What is around every screen: the way to the others, how the connection is, the theme, the keys; and the door, where
 * nobody has shown the key.
 */
import { About, useTitle } from './about.ts'
import { access, api, isReached } from './api.ts'
import { useCell } from './cell.ts'
import { Conversations } from './conversation/list.tsx'
import { ConversationPage } from './conversation/page.tsx'
import { Door } from './door.tsx'
import { KeyList } from './key-list.tsx'
import { useKeys } from './keys.ts'
import { live } from './live.ts'
import { Mark } from './parts/mark.tsx'
import { Show, useLoaded } from './parts/states.tsx'
import { theme, themeAfter } from './preferences.ts'
import { go, href, usePlace } from './route.ts'
import { Bots } from './screens/bots.tsx'
import { Connect } from './screens/connect.tsx'
import { Overview } from './screens/overview.tsx'
import { Settings } from './screens/settings.tsx'
import { useEffect, useRef, useState } from './ui.ts'

const screens = [
  ['', 'Overview'],
  ['conversations', 'Conversations'],
  ['bots', 'Bots'],
  ['connect', 'Connect'],
  ['settings', 'Settings'],
] as const

/** The whole page. */
export function Shell() {
  const about = useLoaded('about', api.about)
  const isClosed = useCell(access) === 'closed'
  const isIn = about.value !== undefined && !isClosed
  useEffect(() => {
    if (!isIn) return undefined
    live.start()
    return () => live.stop()
  }, [isIn])
  if (isClosed) return <Door />
  return (
    <>
      <Head isIn={isIn} />
      <Show what="the console" loaded={about}>
        {body => (
          <About.Provider value={body}>
            <Screen />
          </About.Provider>
        )}
      </Show>
    </>
  )
}

function Head({ isIn }: { readonly isIn: boolean }) {
  const [here = ''] = usePlace().parts
  const [isHelpOpen, setHelpOpen] = useState(false)
  const reached = useCell(isReached)
  const to = (screen: string) => () => go(href(screen === '' ? [] : [screen]))
  useKeys({
    'g o': to(''),
    'g c': to('conversations'),
    'g b': to('bots'),
    '?': () => setHelpOpen(true),
    '/': () => document.querySelector<HTMLElement>('[type=search]')?.focus(),
  })
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="head">
        <a class="brand" href={href([])}>
          <Mark />
          Landline
        </a>
        <nav aria-label="Screens">
          {screens.map(([path, name]) => (
            <a key={path} href={href(path === '' ? [] : [path])} {...(path === here ? { 'aria-current': 'page' } : {})}>
              {name}
            </a>
          ))}
        </nav>
        <div class="head-end">
          {isIn && <LiveState />}
          <ThemeButton />
        </div>
      </header>
      {!reached && (
        <p class="offline" role="alert">
          The service does not answer. What is shown here may be old; trying again …
        </p>
      )}
      {isHelpOpen && <KeyList onClose={() => setHelpOpen(false)} />}
    </>
  )
}

function LiveState() {
  const state = useCell(live.state)
  const words = { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting' }
  return (
    <span class={`live-state is-${state}`} role="status">
      {words[state]}
    </span>
  )
}

const themeMarks = { system: '◐', light: '○', dark: '●' } as const

function ThemeButton() {
  const now = useCell(theme)
  return (
    <button
      type="button"
      class="theme"
      aria-label={`Theme: ${now}`}
      title={`Theme: ${now}. Change to ${themeAfter(now)}`}
      onClick={() => theme.set(themeAfter(now))}
    >
      <span aria-hidden="true">{themeMarks[now]}</span>
    </button>
  )
}

function Screen() {
  const { parts } = usePlace()
  const [screen = '', name] = parts
  const main = useRef<HTMLElement>(null)
  const isFirst = useRef(true)
  // Whoever follows a link is at the new screen, with the keyboard too.
  useEffect(() => {
    if (isFirst.current) isFirst.current = false
    else main.current?.focus({ preventScroll: true })
  }, [screen, name])
  return (
    <main id="main" ref={main} tabIndex={-1} class={`screen screen-${screen === '' ? 'overview' : screen}`}>
      {screenOf(screen, name)}
    </main>
  )
}

function screenOf(screen: string, name: string | undefined) {
  switch (screen) {
    case '':
      return <Overview />
    case 'conversations':
      return name === undefined ? <Conversations /> : <ConversationPage key={name} id={name} />
    case 'bots':
      return <Bots name={name} />
    case 'connect':
      return <Connect />
    case 'settings':
      return <Settings />
    default:
      return <Nowhere />
  }
}

function Nowhere() {
  useTitle('Not found')
  return (
    <div class="empty">
      <h1>There is nothing here</h1>
      <p>
        The address may have been cut off. <a href={href([])}>Overview</a>
      </p>
    </div>
  )
}
