/** Whose a line is, of the sessions that its commit is tied to. Says "one of these" rather than guess. */

import { lineKey } from '../claude/outline.ts'
import { type BlamedLine, blameFile, unquoted } from '../git-store/blame.ts'
import type { GitContext } from '../git-store/git.ts'
import { blobsAt, type HistoryCommit, readCommits } from '../git-store/history.ts'
import type { Oid } from '../model.ts'
import { countSessions, isPrompt, type Tie, type Ties } from './direct-ties.ts'
import type { KnownLink } from './link-index.ts'
import { onePerSession } from './log.ts'
import { commitTimes } from './made-promptly.ts'
import type { Outlines } from './outlines.ts'
import { patchesOf } from './patch-cache.ts'

export interface Owner {
  /** Empty: nobody's whose session is known. Several: one of them. */
  readonly ties: readonly Tie[]
}

export async function findOwners(
  context: GitContext,
  lines: readonly BlamedLine[],
  ties: Ties,
  outlines: Outlines,
): Promise<readonly Owner[]> {
  const made = await madeTies(context, ties, outlines)
  const originals = originalLines(context)
  const owners: Owner[] = []
  for (const line of lines) owners.push({ ties: await ownerOf(line, made, originals, outlines) })
  return owners
}

async function ownerOf(
  line: BlamedLine,
  ties: Ties,
  originals: Originals,
  outlines: Outlines,
): Promise<readonly Tie[]> {
  const { commit } = line
  const all = commit === null ? [] : (ties.get(commit) ?? [])
  if (commit === null || all.length === 0) return []
  const part = await originals.partOf(line, commit, all)
  const own = part === undefined ? all : all.filter((tie) => tie.part === part)
  // Before it was rewritten, the commit of each session held what that session did, and nothing else.
  const before = own.filter((tie) => tie.via !== (tie.part ?? commit))
  const bringing = await originals.bringing(line, before)
  const left =
    bringing.length > 0 ? bringing : own.filter((tie) => !before.includes(tie) || !originals.isRead(tie.via))
  const told = left.length > 1 ? await toldBy(line, left, outlines) : []
  if (countSessions(told) === 1) return told.slice(0, 1)
  return countSessions(left) === 1 ? left.slice(0, 1) : onePerSession(left)
}

/** The ties of those that wrote the line in their conversation, each with the link that came next. */
async function toldBy(line: BlamedLine, ties: readonly Tie[], outlines: Outlines): Promise<readonly Tie[]> {
  const key = lineKey(line.text)
  const told: Tie[] = []
  if (key === undefined) return told
  for (const tie of ties) {
    const outline = await outlines(tie.session)
    // Of one that cannot be read nobody knows what it wrote.
    if (!outline) return []
    const at = outline.edits[key]
    if (at !== undefined && at <= rowOf(tie.link, outline.rows)) told.push(tie)
  }
  return told
}

function rowOf({ message }: KnownLink, rows: Readonly<Record<string, number>>): number {
  return message === null ? Number.POSITIVE_INFINITY : (rows[message] ?? Number.POSITIVE_INFINITY)
}

/** None that began after the commit was made: it was only pushed where HEAD was. */
async function madeTies(context: GitContext, ties: Ties, outlines: Outlines): Promise<Ties> {
  const committed = await commitTimes(context, ties)
  const made = new Map<Oid, readonly Tie[]>()
  for (const [commit, all] of ties) {
    const kept: Tie[] = []
    for (const tie of all) {
      const at = committed.get(tie.via)
      if (isPrompt(tie, at) || !(await beganAfter(tie, at, outlines))) kept.push(tie)
    }
    made.set(commit, kept)
  }
  return made
}

async function beganAfter(tie: Tie, committed: number | undefined, outlines: Outlines): Promise<boolean> {
  if (committed === undefined) return false
  const started = (await outlines(tie.session))?.started
  return started !== undefined && started !== null && Date.parse(started) / 1000 > committed + 1
}

interface Originals {
  /** The commit of the branch that was squashed that the line's place there comes from; undefined where unknown. */
  partOf(line: BlamedLine, commit: Oid, ties: readonly Tie[]): Promise<Oid | undefined>
  /** Ties whose commits bring this very line, in this file if any does there. */
  bringing(line: BlamedLine, ties: readonly Tie[]): Promise<readonly Tie[]>
  /** Whether `bringing` could look into that commit. */
  isRead(commit: Oid): boolean
}

function originalLines(context: GitContext): Originals {
  const blames = new Map<string, Promise<ReadonlyMap<number, Oid> | undefined>>()
  const brought = new Map<Oid, ReadonlyMap<string, ReadonlySet<string>>>()
  return {
    async partOf({ originalLine, originalPath }, commit, ties) {
      const range = ties.find((tie) => tie.range)?.range
      if (!range) return undefined
      const key = `${commit} ${range.base}..${range.tip} ${originalPath}`
      const found = blames.get(key) ?? blameRange(context, commit, range, originalPath)
      blames.set(key, found)
      return (await found)?.get(originalLine)
    },
    async bringing({ text, originalPath }, ties) {
      const missing = [...new Set(ties.map(({ via }) => via))].filter((via) => !brought.has(via))
      for (const commit of await readCommits(context, missing))
        brought.set(commit.oid, await addedBy(context, commit))
      const line = withoutBlanks(Buffer.from(text).toString('latin1'))
      const inFile = ties.filter(({ via }) => brought.get(via)?.get(originalPath)?.has(line))
      if (inFile.length > 0) return inFile
      return ties.filter(({ via }) =>
        [...(brought.get(via)?.values() ?? [])].some((lines) => lines.has(line)),
      )
    },
    isRead: (commit) => brought.has(commit),
  }
}

/** Line numbers to commits of the branch; undefined unless the branch left the file as the commit has it. */
async function blameRange(
  context: GitContext,
  commit: Oid,
  range: { readonly base: Oid; readonly tip: Oid },
  path: string,
): Promise<ReadonlyMap<number, Oid> | undefined> {
  const [now, then] = await blobsAt(context, [
    { commit, path },
    { commit: range.tip, path },
  ])
  if (!now || now !== then) return undefined
  const lines = await blameFile(context, { file: path, revision: `${range.base}..${range.tip}` })
  return new Map(lines.flatMap(({ line, commit: by }) => (by && by !== range.base ? [[line, by]] : [])))
}

async function addedBy(
  context: GitContext,
  { oid, parents }: HistoryCommit,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const patches = await patchesOf(context, [{ from: parents[0] ?? null, to: oid }])
  return new Map(
    patches.flatMap(([, { files }]) =>
      files.map(({ path, added }) => [unquoted(path), new Set(added.map(withoutBlanks))] as const),
    ),
  )
}

/** As a patch-id sees it. */
function withoutBlanks(line: string): string {
  return line.replace(/\s+/g, '')
}
