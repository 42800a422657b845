/**
 * The bots: which there are, how each is, and one of them in full.
 */
import type { BotBody } from '../../src/protocol/admin.ts'
import type { Problem } from '../../src/protocol/admin-problems.ts'
import { useTitle } from '../about.ts'
import { api } from '../api.ts'
import { Pill } from '../parts/pill.tsx'
import { Empty, Show, useLoaded } from '../parts/states.tsx'
import { useProblems } from '../problems.ts'
import { href } from '../route.ts'
import { useEffect, useState } from '../ui.ts'
import { AddBot } from './bots/add.tsx'
import { BotDetails } from './bots/details.tsx'
import { healthTone } from './bots/health.ts'

/** How often the health of bots is asked for, while somebody looks: milliseconds. */
const lookMs = 2_000

/** The screen. @param name the bot in the address; undefined: the first one */
export function Bots({ name }: { readonly name: string | undefined }) {
  useTitle(name ?? 'Bots')
  const bots = useLoaded('bots', api.bots)
  const problems = useProblems() ?? []
  const [isAdding, setAdding] = useState(false)
  const { again } = bots
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) again()
    }, lookMs)
    return () => clearInterval(timer)
  }, [again])
  const add = (
    <button type="button" class="button" onClick={() => setAdding(true)}>
      Add bot
    </button>
  )
  return (
    <>
      <Show what="the bots" loaded={bots}>
        {all =>
          all.length === 0 ? (
            <Empty title="No bot yet">
              <p>A bot is a program that takes activities at a messaging endpoint. Its address is all it takes.</p>
              {add}
            </Empty>
          ) : (
            <div class="bots">
              <nav aria-label="Bots" class="bot-list">
                <h1>Bots</h1>
                <ul>
                  {all.map(bot => (
                    <li key={bot.id}>
                      <a
                        href={href(['bots', bot.id])}
                        {...(bot === chosenOf(all, name) ? { 'aria-current': 'page' } : {})}
                      >
                        <span class="bot-name">{bot.name}</span>
                        <Pill tone={healthTone(bot.health)}>{bot.health.state}</Pill>
                      </a>
                    </li>
                  ))}
                </ul>
                {add}
              </nav>
              <Chosen bot={chosenOf(all, name)} name={name} problems={problems} changed={again} />
            </div>
          )
        }
      </Show>
      {isAdding && <AddBot onClose={() => setAdding(false)} added={again} />}
    </>
  )
}

const chosenOf = (bots: readonly BotBody[], name: string | undefined): BotBody | undefined =>
  name === undefined ? bots[0] : bots.find(({ id }) => id === name)

function Chosen({
  bot,
  name,
  problems,
  changed,
}: {
  readonly bot: BotBody | undefined
  readonly name: string | undefined
  readonly problems: readonly Problem[]
  changed(): void
}) {
  if (bot === undefined)
    return (
      <Empty title={`No bot is called ${name}`}>
        <p>It may have been removed, or the address is misspelt.</p>
      </Empty>
    )
  return (
    <BotDetails
      key={bot.id}
      bot={bot}
      problems={problems.filter(problem => problem.bot === bot.id)}
      changed={changed}
    />
  )
}
