/**
 * JSON as a tree: folds, is searched, and gives a value or its path to the clipboard. Very large values are shown as
 * text.
 */
import { CopyButton } from '../parts/copy.tsx'
import { type TargetedEvent, useEffect, useId, useMemo, useRef, useState } from '../ui.ts'
import { type Folds, type JsonLine, linesMax, linesOf, pathText, placesOf } from './json-lines.ts'

/** Beyond this a value is shown as text: characters. */
const treeCharactersMax = 200_000

/** How much of a text is shown in a line: characters. All of it can be copied. */
const shownCharactersMax = 400

/** The tree. `name` says what it shows. */
export function JsonTree({ name, value }: { readonly name: string; readonly value: unknown }) {
  const text = useMemo(() => JSON.stringify(value, undefined, 2) ?? 'undefined', [value])
  if (text.length > treeCharactersMax) {
    return (
      <div class="json">
        <div class="row json-tools">
          <CopyButton text={text}>Copy all</CopyButton>
          <span class="faint">{text.length.toLocaleString('en')} characters, shown as text</span>
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by the keyboard */}
        <pre class="json-text" tabIndex={0}>
          {text}
        </pre>
      </div>
    )
  }
  return <Tree name={name} value={value} text={text} />
}

function Tree({ name, value, text }: { readonly name: string; readonly value: unknown; readonly text: string }) {
  const id = useId()
  const place = useRef<HTMLDivElement>(null)
  const [folds, setFolds] = useState<Folds>(new Map())
  const [active, setActive] = useState('[]')
  const [words, setWords] = useState('')
  const lines = useMemo(() => linesOf(value, folds), [value, folds])
  const hits = useMemo(() => placesOf(value, words), [value, words])
  const hitIds = useMemo(() => new Set(hits.map(path => JSON.stringify(path))), [hits])
  const at = Math.max(
    0,
    lines.findIndex(line => line.id === active),
  )
  const line = lines[at]

  const fold = (of: JsonLine, isOpen: boolean) => {
    if (of.size === undefined || of.isOpen === isOpen) return
    setFolds(new Map(folds).set(of.id, isOpen))
  }
  const goTo = (path: readonly (string | number)[]) => {
    const opened = new Map(folds)
    for (let depth = 0; depth < path.length; depth += 1) opened.set(JSON.stringify(path.slice(0, depth)), true)
    setFolds(opened)
    setActive(JSON.stringify(path))
  }
  useEffect(() => {
    place.current?.querySelector('.is-active')?.scrollIntoView({ block: 'nearest' })
  }, [active])
  useEffect(() => {
    const [first] = hits
    if (first !== undefined) goTo(first)
  }, [hits])

  const onKeyDown = (event: TargetedEvent<HTMLDivElement, KeyboardEvent>) => {
    if (line === undefined || event.ctrlKey || event.metaKey || event.altKey) return
    const move = (to: number) => () => setActive(lines[Math.max(0, Math.min(to, lines.length - 1))]?.id ?? active)
    const parent = () => {
      if (line.isOpen) fold(line, false)
      else if (line.depth > 0) setActive(JSON.stringify(line.path.slice(0, -1)))
    }
    const steps: Readonly<Record<string, () => void>> = {
      ArrowDown: move(at + 1),
      ArrowUp: move(at - 1),
      Home: move(0),
      End: move(lines.length - 1),
      ArrowRight: () => (line.isOpen ? move(at + 1)() : fold(line, true)),
      ArrowLeft: parent,
      Enter: () => fold(line, !line.isOpen),
    }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    step()
  }
  const onSearchKey = (event: TargetedEvent<HTMLInputElement, KeyboardEvent>) => {
    if (event.key !== 'Enter' || hits.length === 0) return
    event.preventDefault()
    const now = hits.findIndex(path => JSON.stringify(path) === active)
    const next = hits.at((now + (event.shiftKey ? -1 : 1)) % hits.length)
    if (next !== undefined) goTo(next)
  }
  return (
    <div class="json">
      <div class="row json-tools">
        <input
          class="search small"
          type="text"
          aria-label={`Search in ${name}`}
          placeholder="Search"
          spellcheck={false}
          value={words}
          onInput={event => setWords(event.currentTarget.value)}
          onKeyDown={onSearchKey}
        />
        <span class="faint json-hits" role="status">
          {words === '' ? '' : `${hits.length} found`}
        </span>
        <CopyButton text={() => copyText(line?.value)}>Copy value</CopyButton>
        <CopyButton text={() => pathText(line?.path ?? [])}>Copy path</CopyButton>
        <CopyButton text={text}>Copy all</CopyButton>
      </div>
      <div
        ref={place}
        class="json-tree"
        role="tree"
        tabIndex={0}
        aria-label={name}
        aria-activedescendant={`${id}-${at}`}
        onKeyDown={onKeyDown}
        onClick={event => {
          const target = event.target instanceof Element ? event.target.closest<HTMLElement>('[data-line]') : null
          const clicked = lines[Number(target?.dataset['line'])]
          if (clicked === undefined) return
          setActive(clicked.id)
          if (event.target instanceof Element && event.target.closest('.json-fold') !== null)
            fold(clicked, !clicked.isOpen)
        }}
      >
        {lines.map((each, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the focus is with the tree, which names the active line
          <div
            key={each.id}
            id={`${id}-${index}`}
            role="treeitem"
            data-line={index}
            class={`json-line${index === at ? ' is-active' : ''}${hitIds.has(each.id) ? ' is-hit' : ''}`}
            style={{ paddingInlineStart: `${each.depth * 14 + 4}px` }}
            aria-level={each.depth + 1}
            aria-selected={index === at}
            {...(each.size ? { 'aria-expanded': each.isOpen } : {})}
          >
            <span class="json-fold" aria-hidden="true">
              {each.size ? (each.isOpen ? '▾' : '▸') : ''}
            </span>
            {each.name !== undefined && <span class="json-name">{each.name}: </span>}
            <Value line={each} />
          </div>
        ))}
      </div>
      {lines.length >= linesMax && (
        <p class="faint">Only the first {linesMax} lines are shown. Fold what you do not need.</p>
      )}
    </div>
  )
}

function Value({ line: { value, size, isOpen } }: { readonly line: JsonLine }) {
  if (size !== undefined) {
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
    if (isOpen) return <span class="json-mark">{size === 0 ? open + close : open}</span>
    return (
      <span class="json-mark">
        {open}
        {size === 0 ? '' : ` ${size} `}
        {close}
      </span>
    )
  }
  if (typeof value === 'string') {
    const shown = value.length > shownCharactersMax ? `${value.slice(0, shownCharactersMax)}…` : value
    return <span class="json-string">{JSON.stringify(shown)}</span>
  }
  return <span class={value === null ? 'json-null' : 'json-other'}>{String(value)}</span>
}

const copyText = (value: unknown): string =>
  typeof value === 'string' ? value : (JSON.stringify(value, undefined, 2) ?? '')
