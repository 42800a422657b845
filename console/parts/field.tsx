/**
 * Fields of a form: a label, the control, and a line that helps or complains.
 */
import { type ComponentChildren, useId } from '../ui.ts'

type Common = {
  readonly label: string
  readonly hint?: ComponentChildren
}

type Written = Common & {
  /** What is wrong with it: said in place of the hint. */
  readonly error?: string | undefined
  readonly value: string
  onInput(value: string): void
  readonly mono?: boolean
}

/** A line of text. */
export function Field({
  label,
  hint,
  error,
  value,
  onInput,
  ...rest
}: Written & {
  readonly type?: 'text' | 'url' | 'password' | 'search' | 'number'
  readonly placeholder?: string | undefined
  readonly required?: boolean
  readonly autofocus?: boolean
  readonly min?: number
  readonly disabled?: boolean
  readonly autocomplete?: string
}) {
  const id = useId()
  const { mono = false, type, ...input } = rest
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class={mono ? 'mono' : ''}
        autocomplete="off"
        spellcheck={false}
        // The types of Preact tell inputs apart by a type that is one word.
        type={(type ?? 'text') as 'text'}
        {...(type === 'number' ? { step: 'any' } : {})}
        {...input}
        value={value}
        aria-describedby={`${id}-more`}
        aria-invalid={error !== undefined}
        onInput={event => onInput(event.currentTarget.value)}
      />
      <More id={id} hint={hint} error={error} />
    </p>
  )
}

/** Several lines of text. */
export function TextField({
  label,
  hint,
  error,
  value,
  onInput,
  rows = 4,
  mono = false,
}: Written & { readonly rows?: number }) {
  const id = useId()
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        class={mono ? 'mono' : ''}
        rows={rows}
        spellcheck={false}
        value={value}
        aria-describedby={`${id}-more`}
        aria-invalid={error !== undefined}
        onInput={event => onInput(event.currentTarget.value)}
      />
      <More id={id} hint={hint} error={error} />
    </p>
  )
}

/** One of a few words. */
export function Select<Word extends string>({
  label,
  hint,
  value,
  onChange,
  options,
  inline = false,
}: Common & {
  readonly value: Word
  onChange(value: Word): void
  readonly options: readonly (readonly [value: Word, name: string])[]
  readonly inline?: boolean
}) {
  const id = useId()
  return (
    <p class={inline ? 'field inline' : 'field'}>
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={`${id}-more`}
        onChange={event => onChange(event.currentTarget.value as Word)}
      >
        {options.map(([word, name]) => (
          <option key={word} value={word} selected={word === value}>
            {name}
          </option>
        ))}
      </select>
      <More id={id} hint={hint} error={undefined} />
    </p>
  )
}

/** On or off. */
export function Switch({
  label,
  hint,
  checked,
  onChange,
  disabled = false,
}: Common & {
  readonly checked: boolean
  onChange(checked: boolean): void
  readonly disabled?: boolean
}) {
  const id = useId()
  return (
    <p class="field switch">
      <input
        id={id}
        type="checkbox"
        checked={checked}
        disabled={disabled}
        aria-describedby={`${id}-more`}
        onChange={event => onChange(event.currentTarget.checked)}
      />
      <label for={id}>{label}</label>
      <More id={id} hint={hint} error={undefined} />
    </p>
  )
}

function More({
  id,
  hint,
  error,
}: {
  readonly id: string
  readonly hint: ComponentChildren
  readonly error: string | undefined
}) {
  return (
    <small id={`${id}-more`} class={error === undefined ? 'hint' : 'hint bad'}>
      {error ?? hint}
    </small>
  )
}
