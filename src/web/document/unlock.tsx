/** Asks for the passphrase of a file. */

import type { JSX } from 'preact'
import { useRef, useState } from 'preact/hooks'

interface UnlockProps {
  /** Whether the passphrase was right. Rejects for a file that is damaged. */
  open(passphrase: string): Promise<boolean>
}

type State = 'asking' | 'opening' | 'wrong' | 'damaged'

const says: Readonly<Record<State, string>> = {
  asking: '',
  opening: 'Opening…',
  wrong: 'That passphrase does not open it.',
  damaged: 'It cannot be read: the file is damaged, or the browser is too old.',
}

export function Unlock({ open }: UnlockProps): JSX.Element {
  const [state, setState] = useState<State>('asking')
  const field = useRef<HTMLInputElement>(null)
  const submit = async (event: Event) => {
    event.preventDefault()
    const passphrase = field.current?.value ?? ''
    if (passphrase === '' || state === 'opening') return
    setState('opening')
    await nextPaint()
    try {
      if (await open(passphrase)) return
      setState('wrong')
      field.current?.select()
    } catch {
      setState('damaged')
    }
  }
  return (
    <main class="unlock">
      <h1>An encrypted conversation</h1>
      <p class="quiet">
        It was written by git-teleport. Everything in it is encrypted, and opens here, in this browser.
      </p>
      <form onSubmit={(event) => void submit(event)}>
        <label for="passphrase">Passphrase</label>
        <input
          id="passphrase"
          ref={field}
          type="password"
          autocomplete="off"
          aria-describedby="unlock-says"
        />
        <button type="submit" disabled={state === 'opening'}>
          Open
        </button>
      </form>
      <p id="unlock-says" role="status" class={state === 'opening' ? 'quiet' : 'failure'}>
        {says[state]}
      </p>
    </main>
  )
}

/** Opening keeps the browser busy; what is said of it must be on the screen first. */
function nextPaint(): Promise<void> {
  return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)))
}
