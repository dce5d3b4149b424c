/** What a commit changed, file by file and hunk by hunk, as far as a person can read it. Reads only. */

import type { Oid } from '../model.ts'
import { unquoted } from './blame.ts'
import { type GitContext, gitFailed, mustAskGit, streamGit } from './git.ts'
import { plainDiff } from './history.ts'

export interface DiffHunk {
  /** The first line, counted from 1. */
  readonly oldStart: number
  readonly newStart: number
  /** Each begins with `+`, `-` or a blank. */
  readonly lines: readonly string[]
}

export interface ChangedFile {
  readonly path: string
  /** Where it was before, when it moved. */
  readonly oldPath: string | null
  readonly status: 'added' | 'deleted' | 'modified' | 'renamed' | 'typechange'
  /** Lines; null for what is no text. */
  readonly added: number | null
  readonly removed: number | null
  readonly hunks: readonly DiffHunk[]
  /** Lines of it are missing because there are too many. */
  readonly cut: boolean
}

export interface CommitDiff {
  readonly files: readonly ChangedFile[]
  /** Files beyond those listed. */
  readonly more: number
}

const mostFiles = 500
const mostLinesOfFile = 3000
const mostLines = 20_000
const longestLine = 2000

const diffTree = ['diff-tree', '--root', '--no-commit-id', '--find-renames', '-l200', ...plainDiff]

/** @param from null: the commit has no parent */
export async function readCommitDiff(context: GitContext, from: Oid | null, to: Oid): Promise<CommitDiff> {
  const ends = from === null ? [to] : [from, to]
  const listed = parseRaw(await mustAskGit(context, [...diffTree, '--raw', '--numstat', '-z', ...ends]))
  const patches = await readPatches(context, ends)
  return {
    files: listed.slice(0, mostFiles).map((file) => ({ ...file, ...(patches.get(file.path) ?? noPatch) })),
    more: Math.max(0, listed.length - mostFiles),
  }
}

/** The whole message, as the commit has it. */
export async function readMessage(context: GitContext, oid: Oid): Promise<string> {
  const args = ['log', '--no-walk', '--no-show-signature', '--no-color', '--no-notes', '--encoding=UTF-8']
  const message = await mustAskGit(context, [...args, '--format=%B', '--end-of-options', oid])
  return message.subarray(0, 100_000).toString().trim()
}

type Listed = Omit<ChangedFile, 'hunks' | 'cut'>
type Patch = Pick<ChangedFile, 'hunks' | 'cut'>

const noPatch: Patch = { hunks: [], cut: false }

/** First every file with its status, then every file with its counts. */
function parseRaw(output: Buffer): readonly Listed[] {
  const words = output.toString().split('\0')
  const found: Pick<Listed, 'path' | 'oldPath' | 'status'>[] = []
  const counts = new Map<string, readonly [number | null, number | null]>()
  for (let at = 0; at < words.length; ) {
    const word = words[at] ?? ''
    if (word.startsWith(':')) {
      const letter = word.split(' ').at(-1)?.charAt(0) ?? ''
      const [one = '', other = ''] = words.slice(at + 1, at + 3)
      const moved = letter === 'R' || letter === 'C'
      found.push({ path: moved ? other : one, oldPath: moved ? one : null, status: statusOf(letter) })
      at += moved ? 3 : 2
      continue
    }
    const [, added = '', removed = '', path = ''] = /^(\d+|-)\t(\d+|-)\t([\s\S]*)$/.exec(word) ?? []
    const name = path === '' ? (words[at + 2] ?? '') : path
    if (added !== '') counts.set(name, [countOf(added), countOf(removed)])
    at += added !== '' && path === '' ? 3 : 1
  }
  return found.map((file) => {
    const [added = null, removed = null] = counts.get(file.path) ?? []
    return { ...file, added, removed }
  })
}

function statusOf(letter: string): ChangedFile['status'] {
  const words = { A: 'added', D: 'deleted', R: 'renamed', C: 'added', T: 'typechange' } as const
  return letter in words ? words[letter as keyof typeof words] : 'modified'
}

function countOf(text: string): number | null {
  return text === '-' ? null : Number(text)
}

/** Git ends early when there is more than anybody reads. */
async function readPatches(
  context: GitContext,
  ends: readonly string[],
): Promise<ReadonlyMap<string, Patch>> {
  const args = [...diffTree, '-p', '-U3', ...ends]
  const reader = patchReader()
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of streamGit(context, args, (answer) => gitFailed(args, answer))) {
    const bytes = Buffer.concat([rest, chunk])
    let start = 0
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      reader.line(bytes.subarray(start, Math.min(end, start + longestLine)).toString())
      start = end + 1
    }
    // Of a line without end only its beginning is kept.
    rest = Buffer.from(bytes.subarray(start, start + longestLine))
    if (reader.isFull()) break
  }
  return reader.patches
}

function patchReader() {
  type Hunk = { oldStart: number; newStart: number; lines: string[] }
  const patches = new Map<string, { hunks: Hunk[]; cut: boolean }>()
  let file: { hunks: Hunk[]; cut: boolean } | undefined
  let [left, right] = ['', '']
  let [ofFile, all] = [0, 0]
  // Lines of the hunk that are still to come: what looks like a header within one is a line.
  let [oldLeft, newLeft] = [0, 0]
  const add = (line: string) => {
    ofFile += 1
    all += 1
    if (ofFile > mostLinesOfFile || all > mostLines) {
      if (file) file.cut = true
      return
    }
    file?.hunks.at(-1)?.lines.push(line)
  }
  return {
    patches,
    isFull: () => all > mostLines,
    line(line: string) {
      if (oldLeft > 0 || newLeft > 0) {
        if (line.startsWith('\\')) return
        if (!line.startsWith('+')) oldLeft -= 1
        if (!line.startsWith('-')) newLeft -= 1
        add(line === '' ? ' ' : line)
        return
      }
      const [, oldStart, oldCount = '1', newStart, newCount = '1'] =
        /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line) ?? []
      if (line.startsWith('diff --git ')) file = undefined
      else if (line.startsWith('--- ')) left = nameOf(line.slice(4))
      else if (line.startsWith('+++ ')) {
        right = nameOf(line.slice(4))
        file = { hunks: [], cut: false }
        ofFile = 0
        patches.set(right === '' ? left : right, file)
      } else if (oldStart !== undefined && file) {
        file.hunks.push({ oldStart: Number(oldStart), newStart: Number(newStart), lines: [] })
        oldLeft = Number(oldCount)
        newLeft = Number(newCount)
      }
    },
  }
}

/** `a/src/x.ts`, quoted when it is odd, with a tab behind it when it has blanks. */
function nameOf(text: string): string {
  const name = unquoted(text.replace(/\t$/, ''))
  return name === '/dev/null' ? '' : name.slice(2)
}
