/** Asks git which commit each line of a file came with, and reads its answer. */

import { TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { askGit, type GitContext } from './git.ts'
import { showOutside } from './outside-text.ts'

export interface BlamedLine {
  /** Null: not committed yet. */
  readonly commit: Oid | null
  /** Line and path in that commit, and the line now; lines count from 1. */
  readonly originalLine: number
  readonly originalPath: string
  readonly line: number
  readonly text: string
}

export interface BlameQuestion {
  /** Path, relative to the cwd of the context. */
  readonly file: string
  /** `a,b` as of `git blame -L`. */
  readonly lines?: readonly string[] | undefined
  /** Of git: `-M`, `-C`, `-w`. */
  readonly options?: readonly string[] | undefined
  /** A commit, or a range of two; none: the work tree. */
  readonly revision?: Oid | `${Oid}..${Oid}` | undefined
}

/** Throws `usage` when git does not take the file or the lines, in git's own words. */
export async function blameFile(
  context: GitContext,
  question: BlameQuestion,
): Promise<readonly BlamedLine[]> {
  const args = [
    'blame',
    '--porcelain',
    ...(question.options ?? []),
    ...(question.lines ?? []).map((range) => `-L${range}`),
    // git blame knows no --end-of-options.
    ...(question.revision === undefined ? [] : [question.revision]),
    '--',
    question.file,
  ]
  const answer = await askGit(context, args)
  if (answer.exitCode === 0) return parseBlame(answer.stdout)
  throw new TeleportError(
    'usage',
    `git blame cannot read ${showOutside(question.file, 200)}: ${showOutside(answer.stderr)}`,
    { hint: 'git ls-files' },
  )
}

/** The porcelain form says what it knows of a commit's file once, until the path changes. */
export function parseBlame(output: Buffer): readonly BlamedLine[] {
  const found: BlamedLine[] = []
  const paths = new Map<string, string>()
  let head: { readonly oid: string; readonly original: number; readonly line: number } | undefined
  for (const row of output.toString().split('\n')) {
    if (row.startsWith('\t')) {
      if (head) found.push({ ...blamed(head, paths.get(head.oid) ?? ''), text: row.slice(1) })
      head = undefined
      continue
    }
    const [, oid = '', original, line] = /^([0-9a-f]{40}|[0-9a-f]{64}) (\d+) (\d+)(?: \d+)?$/.exec(row) ?? []
    if (!head && oid !== '') head = { oid, original: Number(original), line: Number(line) }
    else if (head && row.startsWith('filename ')) paths.set(head.oid, unquoted(row.slice(9)))
  }
  return found
}

function blamed(
  head: { readonly oid: string; readonly original: number; readonly line: number },
  path: string,
) {
  const commit = isOid(head.oid) && !/^0+$/.test(head.oid) ? head.oid : null
  return { commit, originalLine: head.original, originalPath: path, line: head.line }
}

/** Paths with odd bytes come as a C string. */
export function unquoted(path: string): string {
  if (!/^".*"$/.test(path)) return path
  const bytes: number[] = []
  const escapes: Readonly<Record<string, number>> = {
    a: 7,
    b: 8,
    t: 9,
    n: 10,
    v: 11,
    f: 12,
    r: 13,
    '"': 34,
    '\\': 92,
  }
  for (const [part] of path.slice(1, -1).matchAll(/\\[0-7]{3}|\\.|[^\\]+/gs)) {
    if (part.startsWith('\\')) bytes.push(escapes[part.slice(1)] ?? Number.parseInt(part.slice(1), 8))
    else bytes.push(...Buffer.from(part))
  }
  return Buffer.from(bytes).toString()
}
