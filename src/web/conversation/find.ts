/** Looks for words in messages: case does not matter, and what the reader does not see is not looked through. Pure. */

import type { ViewBlock, ViewCall, ViewMessage, ViewResult } from '../../review/view.ts'

export interface Hit {
  /** Of the message, within its page. */
  readonly at: number
  readonly where: 'asked' | 'said' | 'tool' | 'thinking' | 'notice'
  readonly before: string
  readonly words: string
  readonly after: string
}

export interface FindTaste {
  readonly thinking: boolean
  readonly tools: boolean
  readonly client: boolean
}

/** One hit for each block that holds the words. */
export function findWords(messages: readonly ViewMessage[], words: string, taste: FindTaste): readonly Hit[] {
  const pattern = patternOf(words)
  if (!pattern) return []
  return messages.flatMap((message, at) => {
    if (!taste.client && isClient(message)) return []
    return message.blocks.flatMap((block) => {
      const where = placeOf(message, block)
      if (where === 'tool' && !taste.tools) return []
      if (where === 'thinking' && !taste.thinking) return []
      const found = firstHit(block, pattern)
      return found ? [{ at, where, ...found }] : []
    })
  })
}

/** Said by the client, not by a person or a model. */
export function isClient({ kind, hidden, blocks }: ViewMessage): boolean {
  return (
    hidden || kind === 'notice' || kind === 'unreadable' || blocks.every((block) => block.kind === 'printed')
  )
}

/** Whether a search for the words would find them in it. */
export function holdsWords(part: ViewCall | ViewResult | { readonly text: string }, words: string): boolean {
  const pattern = patternOf(words)
  if (!pattern) return false
  if ('text' in part) return pattern.test(part.text)
  const texts = 'inputs' in part ? callTexts(part) : resultTexts(part)
  return texts.some((text) => pattern.test(text))
}

/** Finds them as they are typed, each run of blanks as any. Undefined for none. */
export function patternOf(words: string): RegExp | undefined {
  const wanted = words.trim().slice(0, 200)
  if (wanted === '') return undefined
  const parts = wanted.split(/\s+/).map((part) => part.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'))
  return new RegExp(parts.join('\\s+'), 'i')
}

function placeOf({ kind, asked, hidden }: ViewMessage, block: ViewBlock): Hit['where'] {
  if (block.kind === 'call' || block.kind === 'result') return 'tool'
  if (block.kind === 'thinking') return 'thinking'
  if (kind === 'notice' || kind === 'unreadable' || hidden) return 'notice'
  return asked || kind === 'prompt' ? 'asked' : 'said'
}

const around = 60

function firstHit(block: ViewBlock, pattern: RegExp): Pick<Hit, 'before' | 'words' | 'after'> | undefined {
  for (const text of textsOf(block)) {
    const found = pattern.exec(text)
    if (!found) continue
    const end = found.index + found[0].length
    const start = Math.max(0, found.index - around)
    return {
      before: `${start > 0 ? '…' : ''}${text.slice(start, found.index)}`,
      words: found[0].slice(0, 200),
      after: `${text.slice(end, end + around)}${text.length > end + around ? '…' : ''}`,
    }
  }
  return undefined
}

function textsOf(block: ViewBlock): readonly string[] {
  if (block.kind === 'call') return callTexts(block)
  if (block.kind === 'result') return resultTexts(block)
  return [block.kind === 'media' ? block.name : block.text]
}

function callTexts({ tool, summary, inputs, result }: ViewCall): readonly string[] {
  return [`${tool} ${summary}`, ...inputs.map(({ text }) => text), ...(result ? resultTexts(result) : [])]
}

function resultTexts({ body, diff }: ViewResult): readonly string[] {
  return [body.text, ...(diff ? [diff.path, ...diff.hunks.map(({ lines }) => lines.join('\n'))] : [])]
}
