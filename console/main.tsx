/**
 * Starts the console: the key in the address is shown to the service and taken out of the address, the theme is put on,
 * the shell is drawn.
 */
import { takeKey } from './key-link.ts'
import { wearTheme } from './preferences.ts'
import { followLinks } from './route.ts'
import { Shell } from './shell.tsx'
import { render } from './ui.ts'

wearTheme()
followLinks()
// Whoever follows the link where the page is open already only changes what is behind `#`.
addEventListener('hashchange', takeKey)

takeKey().then(() => {
  const place = document.getElementById('console')
  if (place !== null) render(<Shell />, place)
})
