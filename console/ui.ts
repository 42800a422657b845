/**
 * What the console is drawn with. The one module of ours that names Preact, so that another release of it, 10 among
 * them, is a change of this file. A component of ours never takes a `ref`: releases differ in what becomes of it.
 */
export { type ComponentChildren, createContext, render, type TargetedEvent } from 'preact'
export {
  useCallback,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from 'preact/hooks'
