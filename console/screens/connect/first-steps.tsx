/**
 * What the overview shows while nothing has ever passed: how to make something pass.
 */
import { useAbout } from '../../about.ts'
import { href } from '../../route.ts'
import { useState } from '../../ui.ts'
import { FirstCall } from './first-call.tsx'
import { SnippetTabs } from './snippet-tabs.tsx'
import type { Client } from './snippets.ts'
import { targetOf } from './target.ts'

/** The programs, for the first site. */
export function FirstSteps() {
  const about = useAbout()
  const [client, setClient] = useState<Client>('page')
  return (
    <section class="first-steps" aria-labelledby="first-steps">
      <header class="section-head">
        <h2 id="first-steps">Connect a client</h2>
        <FirstCall />
      </header>
      <p class="quiet">
        Nothing has passed here yet. Start a conversation with the button above, or connect a client of your own;{' '}
        <a href={href(['connect'])}>Connect</a> has the same for every bot and site.
      </p>
      <SnippetTabs target={targetOf(about, undefined, true)} client={client} onChoose={setClient} />
    </section>
  )
}
