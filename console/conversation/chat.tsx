/**
 * The official Web Chat in its frame, told what to show. Where it does not come up, the pane says so and has a line of
 * its own to write in: nothing else on the page needs it.
 */
import { useAbout } from '../about.ts'
import { api } from '../api.ts'
import { Failure, useAct } from '../parts/dialog.tsx'
import { useLight } from '../preferences.ts'
import { useEffect, useRef, useState } from '../ui.ts'

/** How long the frame may take to be ready: milliseconds. */
const readyMsMax = 10_000

const sandbox = 'allow-scripts allow-forms allow-popups allow-popups-to-escape-sandbox allow-downloads'

/** What the frame says. */
type Told =
  | { readonly v: 1; readonly type: 'ready' }
  | { readonly v: 1; readonly type: 'connected'; readonly ms: number }
  | { readonly v: 1; readonly type: 'activity' | 'select'; readonly id: string }
  | { readonly v: 1; readonly type: 'failed'; readonly message: string }

/** What it takes to join. */
export type Joining = {
  readonly id: string
  readonly token: string
  readonly user: string | undefined
  readonly watermark: string | undefined
}

/** The chat. */
export function Chat({
  joining,
  selected,
  onSelect,
  onReload,
}: {
  readonly joining: Joining
  /** The id of the activity that is selected. */
  readonly selected: string | undefined
  onSelect(id: string): void
  /** Gets a new token; then the chat is begun again. */
  onReload(): Promise<unknown>
}) {
  const [failure, setFailure] = useState<string | undefined>(undefined)
  const [round, setRound] = useState(0)
  const reload = useAct(onReload, () => {
    setFailure(undefined)
    setRound(now => now + 1)
  })
  return (
    <div class="chat">
      {failure !== undefined && (
        <div class="chat-failed" role="alert">
          <p>
            <strong>Web Chat does not work here.</strong> {failure}
          </p>
          <button type="button" class="button small" disabled={reload.isRunning} onClick={reload.run}>
            Reload chat
          </button>
          <Failure of={reload.failure} />
        </div>
      )}
      <Frame key={round} joining={joining} selected={selected} onSelect={onSelect} onFailed={setFailure} />
      {failure !== undefined && <OwnInput conversation={joining.id} />}
    </div>
  )
}

function Frame({
  joining,
  selected,
  onSelect,
  onFailed,
}: {
  readonly joining: Joining
  readonly selected: string | undefined
  onSelect(id: string): void
  onFailed(message: string): void
}) {
  const { domain } = useAbout()
  const theme = useLight()
  const frame = useRef<HTMLIFrameElement>(null)
  const [isStarted, setStarted] = useState(false)
  const newest = useRef({ joining, domain, theme, onSelect, onFailed })
  newest.current = { joining, domain, theme, onSelect, onFailed }

  // The frame has no origin that could be named; only the page in it is told anything.
  const tell = (message: object) => frame.current?.contentWindow?.postMessage({ v: 1, ...message }, '*')

  useEffect(() => {
    const late = setTimeout(() => newest.current.onFailed('It has not come up in 10 seconds.'), readyMsMax)
    const onMessage = ({ source, data }: MessageEvent<Told>) => {
      if (source === null || source !== frame.current?.contentWindow || data?.v !== 1) return
      const { joining, domain, theme, onSelect, onFailed } = newest.current
      switch (data.type) {
        case 'ready': {
          clearTimeout(late)
          const { id, token, user, watermark } = joining
          tell({
            type: 'start',
            ...{ domain, token, conversationId: id, watermark, userId: user, theme, locale: navigator.language },
          })
          setStarted(true)
          return
        }
        case 'select':
          onSelect(String(data.id))
          return
        case 'failed':
          clearTimeout(late)
          onFailed(String(data.message))
          return
        default:
      }
    }
    addEventListener('message', onMessage)
    return () => {
      clearTimeout(late)
      removeEventListener('message', onMessage)
    }
  }, [])
  useEffect(() => {
    if (isStarted) tell({ type: 'theme', theme })
  }, [theme, isStarted])
  useEffect(() => {
    if (isStarted) tell({ type: 'highlight', id: selected ?? null })
  }, [selected, isStarted])
  return <iframe ref={frame} class="chat-frame" title="Chat" src="/console/frame.html" sandbox={sandbox} />
}

/** A line to write in, where Web Chat is not. */
function OwnInput({ conversation }: { readonly conversation: string }) {
  const [text, setText] = useState('')
  const sending = useAct(
    () => api.send(conversation, { type: 'message', text }, 'user'),
    () => setText(''),
  )
  return (
    <form
      class="own-input"
      onSubmit={event => {
        event.preventDefault()
        if (text.trim() !== '') sending.run()
      }}
    >
      <input
        class="search"
        type="text"
        aria-label="Message"
        placeholder="Type a message, Enter sends it"
        value={text}
        readOnly={sending.isRunning}
        onInput={event => setText(event.currentTarget.value)}
      />
      <Failure of={sending.failure} />
    </form>
  )
}
