/** Where one types what to look for in a conversation. */

import type { JSX, RefObject } from 'preact'

interface SearchFieldProps {
  readonly field: RefObject<HTMLInputElement | null>
  onWords(words: string): void
}

export function SearchField({ field, onWords }: SearchFieldProps): JSX.Element {
  return (
    <search>
      <label class="hidden-label" for="search">
        Search this conversation
      </label>
      <input
        id="search"
        ref={field}
        type="search"
        placeholder="Search   ( / )"
        autocomplete="off"
        spellcheck={false}
        onInput={({ currentTarget: { value } }) => onWords(value)}
      />
    </search>
  )
}
