/** What the result of a call changed in a file, hunk by hunk. Pure. */

import { safeText } from './safe-text.ts'

export interface ViewHunk {
  /** The first line, counted from 1. */
  readonly oldStart: number
  readonly newStart: number
  /** Each begins with `+`, `-` or a blank. */
  readonly lines: readonly string[]
}

const mostHunks = 500
/** As many as the other formats read. */
const mostLines = 5000
const mostLineLength = 4000

/** No hunks for a result that changed nothing, or that says so in another way. */
export function readHunks(result: unknown): { readonly path: string; readonly hunks: readonly ViewHunk[] } {
  if (!isRecord(result) || !Array.isArray(result['structuredPatch'])) return { path: '', hunks: [] }
  const { filePath } = result
  const hunks: ViewHunk[] = []
  let room = mostLines
  for (const hunk of result['structuredPatch'].slice(0, mostHunks)) {
    const lines = isRecord(hunk) && Array.isArray(hunk['lines']) ? hunk['lines'] : []
    const kept = lines.slice(0, room).flatMap(patchLine)
    room -= kept.length
    if (!isRecord(hunk) || kept.length === 0) continue
    hunks.push({ oldStart: countOf(hunk['oldStart']), newStart: countOf(hunk['newStart']), lines: kept })
  }
  return { path: typeof filePath === 'string' ? filePath : '', hunks }
}

function patchLine(line: unknown): readonly string[] {
  if (typeof line !== 'string' || !/^[-+ ]/.test(line)) return []
  // A tab counts from the code's margin, not from that of the sign before it.
  const code = safeText(line.slice(1, mostLineLength)).replaceAll('\n', ' ')
  return [`${line.slice(0, 1)}${code.trimEnd()}`]
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 1
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
