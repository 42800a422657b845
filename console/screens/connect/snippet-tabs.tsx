/**
 * The programs in tabs, each to be copied.
 */
import { CopyButton } from '../../parts/copy.tsx'
import { Tabs } from '../../parts/tabs.tsx'
import { type Client, clients, snippets, type Target } from './snippets.ts'

/** The tabs. */
export function SnippetTabs({
  target,
  client,
  onChoose,
}: {
  readonly target: Target
  readonly client: Client
  onChoose(client: Client): void
}) {
  const { install, note, title, text } = snippets[client]
  const program = text(target)
  return (
    <Tabs
      label="Client"
      tabs={clients.map(name => [name, snippets[name].title] as const)}
      chosen={client}
      onChoose={onChoose}
    >
      {install !== undefined && (
        <div class="snippet one-line">
          <pre class="code">
            <code>{install}</code>
          </pre>
          <CopyButton text={install} name="Copy the command" />
        </div>
      )}
      <section class="snippet" aria-label={title}>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is scrolled with the keyboard too */}
        <pre class="code" tabIndex={0}>
          <code>{program}</code>
        </pre>
        <CopyButton text={program} name={`Copy ${title}`} />
      </section>
      {(target.hasDevToken || !/localhost/.test(note)) && <p class="quiet">{note}</p>}
    </Tabs>
  )
}
