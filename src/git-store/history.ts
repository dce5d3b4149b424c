/** What is asked of the history of the user's code: commits, patches, who changed a line. Reads only. */

import { spawn } from 'node:child_process'
import { TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { askGit, ended, type GitContext, gitFailed, mustAskGit } from './git.ts'
import { showOutside } from './outside-text.ts'
import type { UserRepo } from './user-repo.ts'

export interface HistoryCommit {
  readonly oid: Oid
  readonly tree: Oid
  readonly parents: readonly Oid[]
  readonly author: string
  readonly email: string
  /** Seconds since 1970. */
  readonly authored: number
  readonly committed: number
  readonly subject: string
}

/** `2026-11-20T12:00:00Z`. A commit may claim any time; what no calendar knows becomes the nearest that one does. */
export function commitTime(seconds: number): string {
  const known = Math.min(Math.max(Number.isFinite(seconds) ? seconds : 0, -62_167_219_200), 253_402_300_799)
  return `${new Date(known * 1000).toISOString().slice(0, 19)}Z`
}

/** @param borrowed object folders that are read beside the repository's own */
export function historyContext(repo: UserRepo, borrowed: readonly string[] = []): GitContext {
  const extra =
    borrowed.length === 0 ? {} : { GIT_ALTERNATE_OBJECT_DIRECTORIES: borrowed.map(quoted).join(':') }
  return {
    cwd: repo.top,
    environment: { ...repo.environment, GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none', ...extra },
    signal: repo.signal,
  }
}

/** The list is split at colons, but not within quotes. */
function quoted(folder: string): string {
  return /[":\\]/.test(folder) ? `"${folder.replace(/[\\"]/g, '\\$&')}"` : folder
}

/** The commit that `rev` names; `null` when it names none. */
export async function resolveCommit(context: GitContext, rev: string): Promise<Oid | null> {
  if (rev === '' || rev.startsWith('-')) return null
  const answer = await askGit(context, [
    'rev-parse',
    '--verify',
    '--quiet',
    '--end-of-options',
    `${rev}^{commit}`,
  ])
  const oid = answer.stdout.toString().trimEnd()
  return answer.exitCode === 0 && isOid(oid) ? oid : null
}

/** As `resolveCommit`. Throws `no-commit`. */
export async function getCommit(context: GitContext, rev: string): Promise<Oid> {
  const oid = await resolveCommit(context, rev)
  if (oid) return oid
  throw new TeleportError('no-commit', `"${showOutside(rev, 80)}" names no commit here`, {
    hint: 'git log --oneline',
  })
}

const fields = ['%H', '%T', '%P', '%an', '%ae', '%at', '%ct', '%s']
const logFlags = [
  '-z',
  `--format=tformat:${fields.join('%x00')}`,
  '--no-show-signature',
  '--no-color',
  '--no-notes',
  '--no-patch',
  '--encoding=UTF-8',
]

export interface LogQuestion {
  /** Revisions and ranges; none: HEAD. */
  readonly revisions: readonly string[]
  readonly limit?: number | undefined
  /** Oldest first. */
  readonly reverse?: boolean
}

/** Commits in git's order. Throws `no-commit` for a revision that git does not know. */
export async function logCommits(
  context: GitContext,
  question: LogQuestion,
): Promise<readonly HistoryCommit[]> {
  const { revisions, limit, reverse } = question
  const odd = revisions.find((rev) => rev.startsWith('-') || rev === '')
  if (odd !== undefined) throw new TeleportError('usage', `"${showOutside(odd, 80)}" is no revision`)
  const args = [
    'log',
    ...logFlags,
    ...(limit === undefined ? [] : [`--max-count=${limit}`]),
    ...(reverse ? ['--reverse'] : []),
    '--end-of-options',
    ...revisions,
    '--',
  ]
  const answer = await askGit(context, args)
  if (answer.exitCode === 0) return parseLog(answer.stdout)
  const said = showOutside(answer.stderr)
  throw new TeleportError(
    'no-commit',
    `git log does not know ${showOutside(revisions.join(' '), 80)}: ${said}`,
    {
      hint: 'git log --oneline',
    },
  )
}

/** These very commits, in their order; what is not there is left out. */
export async function readCommits(
  context: GitContext,
  oids: readonly Oid[],
): Promise<readonly HistoryCommit[]> {
  if (oids.length === 0) return []
  const args = ['log', ...logFlags, '--no-walk=unsorted', '--ignore-missing', '--stdin']
  return parseLog(await mustAskGit(context, args, lines(oids)))
}

function parseLog(output: Buffer): readonly HistoryCommit[] {
  const texts = output.toString().split('\0')
  const commits: HistoryCommit[] = []
  for (let at = 0; at + fields.length <= texts.length; at += fields.length) {
    const [oid = '', tree = '', parents = '', author = '', email = '', authored, committed, subject = ''] =
      texts.slice(at, at + fields.length)
    if (!isOid(oid) || !isOid(tree)) continue
    const numbers = { authored: Number(authored), committed: Number(committed) }
    commits.push({ oid, tree, parents: parents.split(' ').filter(isOid), author, email, ...numbers, subject })
  }
  return commits
}

/** Which of these commits are there, borrowed ones included. */
export async function presentCommits(context: GitContext, oids: readonly Oid[]): Promise<ReadonlySet<Oid>> {
  if (oids.length === 0) return new Set()
  const listed = await mustAskGit(
    context,
    ['cat-file', '--batch-check=%(objectname) %(objecttype)'],
    lines(oids),
  )
  const rows = listed.toString().split('\n')
  return new Set(rows.flatMap((row) => (row.endsWith(' commit') ? [row.slice(0, -7)].filter(isOid) : [])))
}

/**
 * What leads from `tips` back to the history of `rev`: commits that are no part of it, with their parents. Tips that are
 * not there are left out.
 */
export async function outsideOf(
  context: GitContext,
  rev: Oid,
  tips: readonly Oid[],
): Promise<ReadonlyMap<Oid, readonly Oid[]>> {
  if (tips.length === 0) return new Map()
  const listed = await mustAskGit(
    context,
    ['rev-list', '--parents', '--topo-order', '--ignore-missing', '--stdin'],
    lines([...tips, `^${rev}`]),
  )
  const rows = listed.toString().split('\n').slice(0, -1)
  return new Map(
    rows.flatMap((row): [Oid, readonly Oid[]][] => {
      const [oid, ...parents] = row.split(' ').filter(isOid)
      return oid ? [[oid, parents]] : []
    }),
  )
}

export async function isAncestorOf(context: GitContext, older: Oid, newer: Oid): Promise<boolean> {
  return (await askGit(context, ['merge-base', '--is-ancestor', older, newer])).exitCode === 0
}

/** The best one; `null` for histories that have nothing in common. */
export async function mergeBase(context: GitContext, one: Oid, other: Oid): Promise<Oid | null> {
  const answer = await askGit(context, ['merge-base', one, other])
  const [oid = ''] = answer.stdout.toString().split('\n')
  return answer.exitCode === 0 && isOid(oid) ? oid : null
}

/** Branches, local and remote ones, by the name without the remote: tips to look behind. */
export async function branchTips(
  context: GitContext,
): Promise<readonly { readonly branch: string; readonly tip: Oid }[]> {
  const format = '--format=%(objectname) %(refname)'
  const listed = await mustAskGit(context, ['for-each-ref', format, 'refs/heads', 'refs/remotes'])
  return listed
    .toString()
    .split('\n')
    .flatMap((row) => {
      const [tip = '', ref = ''] = row.split(' ')
      const branch = ref.replace(/^refs\/(?:heads|remotes\/[^/]+)\//, '')
      return isOid(tip) ? [{ branch, tip }] : []
    })
}

/** The remote's default branch as this clone knows it, else `main` or `master` of that remote, else none. */
export async function defaultBranch(context: GitContext, remote: string): Promise<Oid | null> {
  for (const name of ['HEAD', 'main', 'master']) {
    const oid = await resolveCommit(context, `refs/remotes/${remote}/${name}`)
    if (oid) return oid
  }
  return null
}

/** What every comparison must be free of: the user's taste, and drivers that run programs. */
export const plainDiff = [
  '-r',
  '--no-ext-diff',
  '--no-textconv',
  '--no-color',
  '--full-index',
  '--src-prefix=a/',
  '--dst-prefix=b/',
]

/** One comparison: what leads from `from` (null: nothing) to `to`. */
export interface Step {
  readonly from: Oid | null
  readonly to: Oid
}

/**
 * The patches without context of all steps, one after the other as `git diff-tree` prints them: each begins with a line
 * that is the id of `to`. A step without changes prints nothing.
 */
export async function barePatches(
  context: GitContext,
  steps: readonly Step[],
  onLine: (line: Buffer) => void,
): Promise<void> {
  if (steps.length === 0) return
  const args = ['diff-tree', '--stdin', '--root', '-p', '-U0', '--no-renames', ...plainDiff]
  const child = spawn('git', args, { cwd: context.cwd, env: { ...context.environment }, windowsHide: true })
  const end = ended(child, context)
  end.catch(() => undefined)
  child.stdin.on('error', () => undefined)
  child.stderr.resume()
  child.stdin.end(steps.map(({ from, to }) => `${to}${from === null ? '' : ` ${from}`}\n`).join(''))
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of child.stdout) {
    const bytes: Buffer = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    let start = 0
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, start)) {
      onLine(bytes.subarray(start, at))
      start = at + 1
    }
    rest = bytes.subarray(start)
  }
  if (rest.length > 0) onLine(rest)
  const exitCode = await end
  if (exitCode !== 0) throw gitFailed(args, { exitCode, stdout: Buffer.alloc(0), stderr: '' })
}

/** The blob of each path in each commit, `null` where there is none. */
export async function blobsAt(
  context: GitContext,
  places: readonly { readonly commit: Oid; readonly path: string }[],
): Promise<readonly (Oid | null)[]> {
  const wanted = places.map(({ commit, path }) => `${commit}:${path}`)
  if (wanted.some((name) => name.includes('\n'))) return places.map(() => null)
  const listed = await mustAskGit(context, ['cat-file', '--batch-check=%(objectname)'], lines(wanted))
  const rows = listed.toString().split('\n')
  return places.map((_, at) => {
    const oid = rows[at] ?? ''
    return isOid(oid) ? oid : null
  })
}

export interface Stat {
  readonly files: number
  readonly insertions: number
  readonly deletions: number
}

export async function diffStat(context: GitContext, from: Oid | null, to: Oid): Promise<Stat> {
  const base = from ?? (await emptyTree(context))
  const args = ['diff-tree', '--numstat', '-z', '--no-renames', ...plainDiff, base, to]
  const rows = (await mustAskGit(context, args)).toString().split('\0').slice(0, -1)
  const counts = rows.map((row) => row.split('\t').map(Number))
  const sum = (at: number) => counts.reduce((total, row) => total + (row[at] || 0), 0)
  return { files: rows.length, insertions: sum(0), deletions: sum(1) }
}

async function emptyTree(context: GitContext): Promise<string> {
  return (await mustAskGit(context, ['hash-object', '-t', 'tree', '--stdin'], '')).toString().trimEnd()
}

function lines(words: readonly string[]): string {
  return words.map((word) => `${word}\n`).join('')
}
