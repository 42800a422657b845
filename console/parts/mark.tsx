/**
 * The mark of the house: two ends and the line between them.
 */

/** The mark, beside the name that says the same. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 20 20" aria-hidden="true">
      <path d="M6 10h8" />
      <circle cx="4" cy="10" r="2.5" />
      <circle cx="16" cy="10" r="2.5" />
    </svg>
  )
}
