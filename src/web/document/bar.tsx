/** The bar above a conversation: what is shown of it and how. */

import type { JSX } from 'preact'
import type { Shown } from '../conversation/shown.ts'
import { toggleTheme } from '../conversation/theme.ts'
import type { Reading } from '../conversation/use-reading.ts'

interface BarProps {
  readonly title: string
  readonly reading: Reading
  readonly isSideOpen: boolean
  onSide(): void
  onPrint(): void
}

export function Bar(props: BarProps): JSX.Element {
  const { settings, shown, setShown, setSideBySide, setUnfolded } = props.reading
  const toggle = (name: keyof Shown, label: string) => (
    <Toggle label={label} isOn={shown[name]} onToggle={(on) => setShown({ ...shown, [name]: on })} />
  )
  return (
    <header class="bar">
      <button
        type="button"
        class="side-button"
        aria-expanded={props.isSideOpen}
        aria-controls="side"
        onClick={props.onSide}
      >
        Prompts
      </button>
      <span class="bar-title">{props.title}</span>
      <div class="controls" role="toolbar" aria-label="What is shown">
        {toggle('tools', 'Tool calls')}
        {toggle('thinking', 'Thinking')}
        {toggle('client', 'Client notes')}
        <Toggle label="Side by side" isOn={settings.sideBySide} onToggle={setSideBySide} />
        <span class="group">
          <button type="button" onClick={() => setUnfolded(true)}>
            Unfold all
          </button>
          <button type="button" onClick={() => setUnfolded(false)}>
            Fold all
          </button>
        </span>
        <button type="button" onClick={props.onPrint}>
          Print
        </button>
        <button type="button" onClick={toggleTheme}>
          Light / dark
        </button>
      </div>
    </header>
  )
}

interface ToggleProps {
  readonly label: string
  readonly isOn: boolean
  onToggle(on: boolean): void
}

function Toggle({ label, isOn, onToggle }: ToggleProps): JSX.Element {
  return (
    <button type="button" class="toggle" aria-pressed={isOn} onClick={() => onToggle(!isOn)}>
      {label}
    </button>
  )
}
