/**
 * What the service says of itself, for whichever component needs it. The shell has read it before any screen is drawn.
 */
import type { AboutBody } from '../src/protocol/admin.ts'
import { useCell } from './cell.ts'
import { live } from './live.ts'
import { createContext, useContext, useEffect } from './ui.ts'

const unknown: AboutBody = {
  version: '',
  mode: 'serve',
  publicUrl: '',
  domain: '',
  store: 'memory',
  bus: 'local',
  node: '',
  startedAt: '',
  isUnused: false,
  features: [],
}

/** Given by the shell. */
export const About = createContext<AboutBody>(unknown)

/** The service, in a component. */
export const useAbout = (): AboutBody => useContext(About)

/**
 * Whether there is nothing that could be read yet: nothing had ever happened here when the page came. It holds until
 * the live socket is open, because only then the page is told of what happens, or has failed to open.
 */
export function useNothingYet(): boolean {
  const socket = useCell(live.state)
  return useAbout().isUnused && socket === 'connecting'
}

/** The title of the page while a screen is there. */
export function useTitle(screen: string): void {
  useEffect(() => {
    document.title = `${screen} · Landline`
  }, [screen])
}
