/**
 * What the service says of itself, for whichever component needs it. The shell has read it before any screen is drawn.
 */
import type { AboutBody } from '../src/protocol/admin.ts'
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

/** The title of the page while a screen is there. */
export function useTitle(screen: string): void {
  useEffect(() => {
    document.title = `${screen} · Landline`
  }, [screen])
}
