/** What is said where an answer is missing. */

import type { JSX } from 'preact'
import type { Problem } from './api.ts'

export function ProblemNote({ problem }: { readonly problem: Problem }): JSX.Element {
  const { title, text, hint } = wordsFor(problem)
  return (
    <div class="problem" role="alert">
      <p class="problem-title">{title}</p>
      {text !== '' && <p>{text}</p>}
      {hint !== null && (
        <p>
          <code>{hint}</code>
        </p>
      )}
    </div>
  )
}

function wordsFor({ code, message, hint }: Problem) {
  if (code === 'not-let-in') {
    const text = 'This page opens by the address that the command prints. It works once, in one browser.'
    return { title: 'Nobody has let this browser in', text, hint: 'git teleport web' }
  }
  if (code === 'ended') {
    return { title: 'The command has ended', text: 'What you see is what it told last.', hint }
  }
  return { title: 'This cannot be shown', text: message, hint }
}

export function Loading({ what }: { readonly what: string }): JSX.Element {
  return (
    <p class="quiet loading" role="status">
      Loading {what}…
    </p>
  )
}
