/** A block of code, coloured once it comes into view. */

import type { ComponentChildren, JSX } from 'preact'
import { useMemo, useRef, useState } from 'preact/hooks'
import { type CodeWord, highlightCode } from './highlight.ts'
import { ScrollBox } from './scroll-box.tsx'
import { useSeen } from './use-seen.ts'

interface CodeProps {
  readonly text: string
  /** A name or alias that highlight.js knows; empty for plain text. */
  readonly language?: string
  /** Says what it is, to those who do not see it. */
  readonly label: string
}

/** So many lines are shown before somebody asks for the rest. */
const firstLines = 120

export function Code({ text, language = '', label }: CodeProps): JSX.Element {
  const [isWhole, setWhole] = useState(false)
  const cut = isWhole ? text : cutLines(text, firstLines)
  const left = isWhole ? 0 : countLines(text) - countLines(cut)
  return (
    <div class="code">
      <Coloured text={cut} language={language} label={label} />
      {left > 0 && (
        <button type="button" class="more" onClick={() => setWhole(true)}>
          Show {left} more {left === 1 ? 'line' : 'lines'}
        </button>
      )}
    </div>
  )
}

function Coloured({ text, language, label }: Required<CodeProps>): JSX.Element {
  const box = useRef<HTMLDivElement>(null)
  const isSeen = useSeen(box)
  const words = useMemo(
    () => (isSeen && language !== '' ? highlightCode(text, language) : [text]),
    [isSeen, text, language],
  )
  return (
    <ScrollBox class="lines" label={label} box={box}>
      <pre>
        <code>{words.map(wordNode)}</code>
      </pre>
    </ScrollBox>
  )
}

function wordNode(word: CodeWord, at: number): ComponentChildren {
  if (typeof word === 'string') return word
  const [scope = '', ...more] = word.scope.split('.')
  const own = [`hljs-${scope}`, ...more.map((part, level) => part + '_'.repeat(level + 1))].join(' ')
  return (
    <span key={at} class={/^[\w -]*$/.test(own) ? own : ''}>
      {word.words.map(wordNode)}
    </span>
  )
}

function cutLines(text: string, most: number): string {
  let end = -1
  for (let line = 0; line < most; line += 1) {
    end = text.indexOf('\n', end + 1)
    if (end === -1) return text
  }
  return text.slice(0, end)
}

function countLines(text: string): number {
  let count = 1
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1
  return count
}
