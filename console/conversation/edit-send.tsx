/**
 * An activity written by hand: checked while it is written, sent as the user would or as the channel would.
 */
import { api } from '../api.ts'
import { Dialog, DialogForm, useAct } from '../parts/dialog.tsx'
import { Select, TextField } from '../parts/field.tsx'
import { useState } from '../ui.ts'
import type { Activity } from './summary.ts'

/** Who sends it: the channel's own activities are shown to no client. */
type Sender = 'user' | 'channel'

type Template = { readonly name: string; readonly as: Sender; readonly activity: Activity }

const templates: readonly Template[] = [
  { name: 'message', as: 'user', activity: { type: 'message', text: '' } },
  { name: 'event', as: 'user', activity: { type: 'event', name: 'my.event', value: {} } },
  {
    name: 'conversationUpdate',
    as: 'channel',
    activity: { type: 'conversationUpdate', membersAdded: [{ id: 'somebody', name: 'Somebody' }] },
  },
  { name: 'typing', as: 'user', activity: { type: 'typing' } },
  { name: 'endOfConversation', as: 'user', activity: { type: 'endOfConversation', code: 'completedSuccessfully' } },
  { name: 'invoke', as: 'channel', activity: { type: 'invoke', name: 'my.invoke', value: {} } },
]

/** What the service sets itself, or what would make it a resent activity. */
const ours = ['id', 'timestamp', 'conversation', 'recipient', 'serviceUrl', 'channelId', 'from', 'replyToId']

/** An activity as somebody would write it again. */
function written(activity: Activity): Activity {
  const rest = Object.fromEntries(Object.entries(activity).filter(([name]) => !ours.includes(name)))
  const { channelData } = rest as { channelData?: unknown }
  if (typeof channelData !== 'object' || channelData === null) return rest
  // The key by which a client's repeated sending is known: with it, this would be the same message once more.
  const { clientActivityID: _, clientTimestamp: __, ...data } = channelData as Activity
  if (Object.keys(data).length > 0) return { ...rest, channelData: data }
  const { channelData: ___, ...plain } = rest as Activity
  return plain
}

const textOf = (activity: Activity): string => JSON.stringify(activity, undefined, 2)

/** What is wrong with the text; undefined if it can be sent. */
function complaintOf(text: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'An activity is a JSON object.'
  const { type } = value as Activity
  return typeof type === 'string' && type !== '' ? undefined : 'An activity has a type, which is a text.'
}

/**
 * The dialog.
 *
 * @param from what to begin with; a message if absent
 */
export function EditAndSend({
  conversation,
  from,
  sender,
  onClose,
}: {
  readonly conversation: string
  readonly from: Activity | undefined
  readonly sender: Sender
  onClose(): void
}) {
  const [text, setText] = useState(() => textOf(from === undefined ? { type: 'message', text: '' } : written(from)))
  const [as, setAs] = useState<Sender>(sender)
  const complaint = complaintOf(text)
  const sending = useAct(() => api.send(conversation, JSON.parse(text), as), onClose)
  return (
    <Dialog title="Edit and send" wide={true} onClose={onClose}>
      <DialogForm verb="Send" act={sending} onClose={onClose} isReady={complaint === undefined}>
        <fieldset class="row templates">
          <legend>Begin with</legend>
          {templates.map(({ name, as: sends, activity }) => (
            <button
              key={name}
              type="button"
              class="button small"
              onClick={() => {
                setText(textOf(activity))
                setAs(sends)
              }}
            >
              {name}
            </button>
          ))}
        </fieldset>
        <TextField label="Activity" mono={true} rows={14} value={text} onInput={setText} error={complaint} />
        <Select<Sender>
          label="Send as"
          value={as}
          onChange={setAs}
          options={[
            ['user', 'the user: it is in the log, and every window shows it'],
            ['channel', 'the channel: only the bot gets it'],
          ]}
        />
      </DialogForm>
    </Dialog>
  )
}
