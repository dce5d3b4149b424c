/** What stands within a line of Markdown: code, emphasis, links. Pure. */

import { webAddress } from './web-address.ts'

export type Inline =
  | string
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'em' | 'del'; readonly inline: readonly Inline[] }
  | InlineLink

export interface InlineLink {
  readonly kind: 'link'
  /** http or https, written out as the browser will go to it. */
  readonly href: string
  readonly text: string
  readonly title?: string
}

/** Longer paragraphs are shown as they are written: what stands within emphasis is looked through once more. */
const longest = 8000
const deepest = 4

export function parseInline(text: string, depth = 0): readonly Inline[] {
  if (text.length > longest || depth > deepest) return [text]
  const parts: Inline[] = []
  const unclosed = new Set<string>()
  let plain = ''
  let at = 0
  while (at < text.length) {
    const taken = takeSpecial(text, at, depth, unclosed)
    if (!taken) {
      plain += text.charAt(at)
      at += 1
      continue
    }
    const [part, next] = taken
    if (typeof part === 'string') plain += part
    else {
      if (plain !== '') parts.push(plain)
      plain = ''
      parts.push(part)
    }
    at = next
  }
  if (plain !== '') parts.push(plain)
  return parts
}

type Taken = readonly [Inline, number] | undefined

/** @param unclosed marks that have no end from here on: looking for it again from each would take long */
function takeSpecial(text: string, at: number, depth: number, unclosed: Set<string>): Taken {
  switch (text.charAt(at)) {
    case '\\':
      return /[!-/:-@[-`{-~]/.test(text.charAt(at + 1)) ? [text.charAt(at + 1), at + 2] : undefined
    case '`':
      return takeCode(text, at)
    case '!':
    case '[':
      return takeLink(text, at)
    case '*':
    case '_':
    case '~':
      return takeEmphasis(text, at, depth, unclosed)
    case 'h':
      return takeAddress(text, at)
    default:
      return undefined
  }
}

function takeCode(text: string, at: number): Taken {
  const [mark = '`'] = /^`+/.exec(text.slice(at, at + 64)) ?? []
  const from = at + mark.length
  const end = text.indexOf(mark, from)
  if (end === -1 || text.charAt(end + mark.length) === '`') return [mark, from]
  const inner = text.slice(from, end).replaceAll('\n', ' ')
  const code = /^ .*\S.* $/.test(inner) ? inner.slice(1, -1) : inner
  return [{ kind: 'code', text: code }, end + mark.length]
}

/** An image is a link to it: nothing is ever loaded. An address of another kind stays as it is written. */
function takeLink(text: string, at: number): Taken {
  const found =
    /^!?\[([^[\]\n]{0,500})\]\(\s*<?([^\s()<>]{1,2000}(?:\([^\s()]{0,200}\))?)>?(?:\s+"([^"\n]{0,200})")?\s*\)/.exec(
      text.slice(at, at + 3000),
    )
  const [whole = '', words = '', address = '', title = ''] = found ?? []
  const href = webAddress(address)
  if (href === undefined) return undefined
  return [{ kind: 'link', href, text: words, ...(title !== '' && { title }) }, at + whole.length]
}

function takeAddress(text: string, at: number): Taken {
  if (/\w/.test(text.charAt(at - 1))) return undefined
  const [found = ''] = /^https?:\/\/[^\s<>"'`\\|^{}[\]]{1,2000}/.exec(text.slice(at, at + 2010)) ?? []
  const written = found.replace(/[.,;:!?*_~)]+$/, (end) =>
    end.startsWith(')') && found.includes('(') ? ')' : '',
  )
  const href = webAddress(written)
  return href === undefined ? undefined : [{ kind: 'link', href, text: written }, at + written.length]
}

function takeEmphasis(text: string, at: number, depth: number, unclosed: Set<string>): Taken {
  const sign = text.charAt(at)
  const isDouble = text.charAt(at + 1) === sign
  if (sign === '~' && !isDouble) return undefined
  const mark = isDouble ? sign + sign : sign
  const from = at + mark.length
  if (/\s|^$/.test(text.charAt(from))) return [mark, from]
  if (sign === '_' && /\w/.test(text.charAt(at - 1))) return [mark, from]
  const end = unclosed.has(mark) ? -1 : closing(text, from, mark)
  if (end === -1) {
    unclosed.add(mark)
    return [mark, from]
  }
  const kind = sign === '~' ? 'del' : isDouble ? 'strong' : 'em'
  return [{ kind, inline: parseInline(text.slice(from, end), depth + 1) }, end + mark.length]
}

/** Where a mark stands right after a letter; `_` not within a word. */
function closing(text: string, from: number, mark: string): number {
  for (let end = text.indexOf(mark, from + 1); end !== -1; end = text.indexOf(mark, end + 1)) {
    const after = text.charAt(end + mark.length)
    // The end of bold within the end of italics.
    if (mark.length === 2 && mark.startsWith(after) && after !== '') continue
    const isLonger = mark.length === 1 && (after === mark || text.charAt(end - 1) === mark)
    if (!isLonger && /\S/.test(text.charAt(end - 1)) && !(mark.startsWith('_') && /\w/.test(after)))
      return end
  }
  return -1
}
