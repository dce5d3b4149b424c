/** A part that is folded to a line until somebody opens it; what is inside is made only then. */

import type { ComponentChildren, JSX } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import { type Settings, SettingsContext } from './settings.ts'

interface FoldProps {
  /** Of the part, within the whole document. */
  readonly place: string
  /** Of the message that it is in. */
  readonly anchor: string
  readonly class: string
  readonly summary: ComponentChildren
  /** Whether the words that the reader has jumped to are in it. */
  holds(words: string): boolean
  children(): ComponentChildren
}

export function Fold(props: FoldProps): JSX.Element {
  const settings = useContext(SettingsContext)
  const { fold, sought, unfolded } = settings
  const [isOpen, setOpen] = useState(() => opensWith(props, settings))
  useEffect(() => setOpen(opensWith(props, settings)), [fold.epoch, sought?.epoch])
  return (
    <details
      class={props.class}
      open={isOpen}
      onToggle={({ currentTarget: { open } }) => {
        if (open === isOpen) return
        unfolded.set(props.place, { open, epoch: fold.epoch })
        setOpen(open)
      }}
    >
      <summary>{props.summary}</summary>
      {isOpen && <div class="inside">{props.children()}</div>}
    </details>
  )
}

function opensWith({ place, anchor, holds }: FoldProps, { fold, sought, unfolded }: Settings): boolean {
  if (sought?.anchor === anchor && holds(sought.words)) return true
  const own = unfolded.get(place)
  return own?.epoch === fold.epoch ? own.open : fold.open
}
