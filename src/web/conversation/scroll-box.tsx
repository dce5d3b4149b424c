/** A box that scrolls by itself. */

import type { ComponentChildren, JSX, RefObject } from 'preact'

interface ScrollBoxProps {
  readonly class: string
  /** Says what is in it, to those who do not see it. */
  readonly label: string
  readonly box?: RefObject<HTMLDivElement | null>
  readonly children: ComponentChildren
}

/** Reachable by keyboard, since what scrolls must be. */
export function ScrollBox({ class: name, label, box, children }: ScrollBoxProps): JSX.Element {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for a form
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <div {...(box ? { ref: box } : {})} class={name} tabIndex={0} role="group" aria-label={label}>
      {children}
    </div>
  )
}
