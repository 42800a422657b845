/**
 * What Landline is made of, and under which licences: written into the page when it is built.
 */
import { useAbout } from '../../about.ts'

/** A package: its name, its release, its licence. */
type Shipped = readonly [name: string, version: string, licence: string]

/** Put in place by the build, from what is installed. */
declare const shippedPackages: readonly Shipped[]

/** The list. */
export function Licences() {
  const { webChat } = useAbout()
  return (
    <section aria-labelledby="licences">
      <header class="section-head">
        <h2 id="licences">Licences</h2>
      </header>
      <p class="quiet">Landline is free software under the MIT licence. It comes with:</p>
      <ul class="licences">
        {shippedPackages.map(([name, version, licence]) => (
          <li key={name}>
            <code>{name}</code> {version} <span class="faint">{licence}</span>
          </li>
        ))}
        {webChat !== undefined && (
          <li>
            <a href={`/webchat/${webChat}/webchat.js.LICENSE.txt`}>Web Chat</a> {webChat}{' '}
            <span class="faint">MIT, and what is in it</span>
          </li>
        )}
      </ul>
    </section>
  )
}
