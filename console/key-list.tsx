/**
 * The list of keys.
 */

import { useCell } from './cell.ts'
import { Dialog } from './parts/dialog.tsx'
import { keysAre } from './preferences.ts'
import { href } from './route.ts'

const keys = [
  ['g o', 'Overview'],
  ['g c', 'Conversations'],
  ['g b', 'Bots'],
  ['/', 'Search'],
  ['↑ ↓', 'Move in a list'],
  ['PgUp PgDn', 'Move a page'],
  ['Home End', 'To the first, to the last'],
  ['Enter', 'Open what is selected'],
  ['r', 'Restart the conversation'],
  ['a', 'Send the activity again'],
  ['e', 'Edit the activity and send it'],
  ['?', 'This list'],
  ['Esc', 'Close'],
] as const

/** The list, in a dialog. */
export function KeyList({ onClose }: { onClose(): void }) {
  return (
    <Dialog title="Keys" onClose={onClose} wide>
      <KeyTable />
      <footer class="row end">
        <a href={href(['settings'])} onClick={onClose}>
          Switch keys off
        </a>
        <button type="button" class="button" autofocus onClick={onClose}>
          Close
        </button>
      </footer>
    </Dialog>
  )
}

/** The list itself. */
export function KeyTable() {
  const isOn = useCell(keysAre) === 'on'
  return (
    <dl class={isOn ? 'keys' : 'keys off'}>
      {keys.map(([pressed, what]) => (
        <div key={pressed}>
          <dt>
            {pressed.split(' ').map(key => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>
          <dd>{what}</dd>
        </div>
      ))}
    </dl>
  )
}
