/** Replaces known folders inside longer text, on path boundaries. Pure. */

import type { Platform } from '../model.ts'
import type { FolderRule } from './folder-rules.ts'

/** Characters that make what stands before or behind a folder's name part of another name. */
const name = String.raw`\p{L}\p{N}_\-~@+%$`
const before = new RegExp(String.raw`(?:^|[^${name}./\\]|:///?)$`, 'u')
const behind = new RegExp(String.raw`(?![${name}]|\.[${name}.])`, 'uy')
/** The path that goes on behind a folder; a dot counts when something follows it. */
const posixRest = new RegExp(String.raw`(?:/(?:[${name}]|\.(?=[${name}.]))+)*`, 'uy')
const windowsRest = new RegExp(String.raw`(?:[\\/]+(?:[${name}]|\.(?=[${name}.]))+)*`, 'uy')

/**
 * A function that replaces each of the folders in a text. A folder counts where nothing before or behind it continues a
 * path segment: in `/a/app2`, `/a/app.bak` and `x/a/app` the folder `/a/app` does not occur, in `"/a/app/x"`,
 * `file:///a/app` and `in /a/app.` it does. Between platforms, the separators of the path behind it change too.
 */
export function folderText(
  allRules: readonly FolderRule[],
  from: Platform,
  to: Platform,
): (text: string) => string {
  const rules = allRules.filter((rule) => rule.to !== '')
  if (rules.length === 0) return (text) => text
  // Boundaries are judged apart: a pattern that begins with plain text is searched an order of magnitude faster.
  const anyFolder = new RegExp(rules.map((rule) => folderPattern(rule.from, from)).join('|'), flags(from))
  const folders = rules.map((rule) => ({
    pattern: new RegExp(folderPattern(rule.from, from), `${flags(from)}y`),
    to: rule.to,
  }))
  return (text) => {
    if (text.search(anyFolder) < 0) return text
    let result = ''
    let done = 0
    for (const { index } of text.matchAll(anyFolder)) {
      const folder = before.test(text.slice(Math.max(0, index - 4), index))
        ? folders.find((one) => endsWell(text, index + matchAt(one.pattern, text, index).length, index))
        : undefined
      if (!folder) continue
      const found = matchAt(folder.pattern, text, index)
      const end = index + found.length
      const rest = from === to ? '' : matchAt(from === 'win32' ? windowsRest : posixRest, text, end)
      result += text.slice(done, index) + written(found, folder.to, from, to) + converted(rest, to)
      done = end + rest.length
    }
    return done === 0 ? text : result + text.slice(done)
  }
}

const flags = (platform: Platform) => (platform === 'win32' ? 'gi' : 'g')

function folderPattern(folder: string, platform: Platform): string {
  const windows = platform === 'win32'
  const steps = folder.split(windows ? /[\\/]/ : '/')
  return steps
    .map((step) => step.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`))
    .join(windows ? String.raw`(?:\\{1,2}|/)` : '/')
}

/** Whether a folder was found at all, and nothing behind it goes on with its name. */
function endsWell(text: string, end: number, start: number): boolean {
  behind.lastIndex = end
  return end > start && behind.test(text)
}

function matchAt(pattern: RegExp, text: string, index: number): string {
  pattern.lastIndex = index
  return pattern.exec(text)?.[0] ?? ''
}

/** Text within text, such as JSON in a tool's output, has its backslashes doubled: they stay so. */
function written(found: string, target: string, from: Platform, to: Platform): string {
  const doubled = from === 'win32' && to === 'win32' && found.includes('\\\\')
  return doubled ? target.replaceAll('\\', '\\\\') : target
}

const converted = (rest: string, to: Platform) => rest.replace(/[\\/]+/g, to === 'win32' ? '\\' : '/')
