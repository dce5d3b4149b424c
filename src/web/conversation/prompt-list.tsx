/** What was asked in a conversation, line by line, each to be gone to. */

import type { JSX } from 'preact'
import { useState } from 'preact/hooks'
import type { ViewPrompt } from '../../review/view-document.ts'
import { type Place, placeOfPrompt, promptAnchor } from './places.ts'

interface PromptListProps {
  readonly prompts: readonly ViewPrompt[]
  readonly chapter: number
  /** So many are shown before somebody asks for the rest. */
  readonly most?: number
  onGo(place: Place): void
}

export function PromptList({ prompts, chapter, most = prompts.length, onGo }: PromptListProps): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const shown = isWhole ? prompts : prompts.slice(0, most)
  return (
    <>
      {prompts.length === 0 && <p class="quiet">Nothing was asked here.</p>}
      <ol class="prompts">
        {shown.map((prompt, at) => (
          <li key={at}>
            <a
              href={`#${promptAnchor(chapter, prompt)}`}
              onClick={(event) => {
                event.preventDefault()
                onGo(placeOfPrompt(chapter, prompt))
              }}
            >
              <span class="where">
                {prompt.number !== null && `#${prompt.number} `}
                {prompt.time.slice(11, 16)}
              </span>
              <span class="snippet">{prompt.text}</span>
            </a>
          </li>
        ))}
      </ol>
      {prompts.length > shown.length && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          Show {prompts.length - shown.length} more
        </button>
      )}
    </>
  )
}
