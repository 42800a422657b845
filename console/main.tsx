/**
 * Starts the console: the key in the address is shown to the service and taken out of the address, the theme is put on,
 * the shell is drawn.
 */
import { api } from './api.ts'
import { wearTheme } from './preferences.ts'
import { followLinks } from './route.ts'
import { Shell } from './shell.tsx'
import { render } from './ui.ts'

wearTheme()
followLinks()

/** The key that the printed link carries behind `#`, which no browser sends to anybody. */
const key = new URLSearchParams(location.hash.slice(1)).get('key')
if (key !== null) history.replaceState(null, '', location.pathname + location.search)

const login = key === null ? Promise.resolve(undefined) : api.login(key).then(() => undefined, String)

login.then(refused => {
  const place = document.getElementById('console')
  if (place !== null) render(<Shell refused={refused} />, place)
})
