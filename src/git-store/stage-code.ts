/** Brings the code that a session was pushed at within reach, checked, without changing any ref, index or file. */

import { createReadStream } from 'node:fs'
import path from 'node:path'
import { hasCode, TeleportError } from '../errors.ts'
import { type CodeState, isOid, type Oid } from '../model.ts'
import { codeRefs, quietly, userContext } from './code-git.ts'
import { askGit, feedGit, type GitAnswer, type GitContext, mustAskGit } from './git.ts'
import { readBundleHeader } from './git-bundle.ts'
import { showOutside } from './outside-text.ts'
import { parseTreePaths, pathText } from './raw-entries.ts'
import type { Remote } from './remote.ts'
import type { Scratch } from './scratch.ts'
import { isSafeTreePath } from './tree-path.ts'
import { gitConfig, type UserRepo } from './user-repo.ts'

export interface CodeFiles {
  readonly state: CodeState
  /** Paths of the bundles; null where the session has none. */
  readonly commits: string | null
  readonly changes: string | null
}

/** Trees that can be checked out: `indexTree` is what is staged, `worktreeTree` what lies on the disk. */
export interface StagedCode {
  readonly state: CodeState
  readonly head: Oid
  readonly headTree: Oid
  readonly indexTree: Oid
  readonly worktreeTree: Oid
  readonly intentTree: Oid | null
}

/**
 * Has the remote give what is missing. Throws `commit-missing`, also when the remote cannot be reached: then its hint
 * says what git said.
 */
export async function fetchNeeded(repo: UserRepo, remote: Remote, state: CodeState): Promise<void> {
  const missing = () => missingCommits(repo, state)
  const absent = await missing()
  if (absent.length === 0) return
  const flags = ['--quiet', '--no-tags', '--no-write-fetch-head', '--no-recurse-submodules', '--refmap=']
  const fetch = (...refspecs: readonly string[]) =>
    askGit(userContext(repo), [...quietly, 'fetch', ...flags, '--', remote.name, ...refspecs])
  const byId = await fetch(...absent)
  if (byId.exitCode === 0 && (await missing()).length === 0) return
  // Not every server gives a commit by its id.
  const byBranch = await fetch(`+refs/heads/*:refs/remotes/${remote.name}/*`)
  const still = await missing()
  const [first] = still
  if (first === undefined) return
  throw commitMissing(remote, state, first, byBranch)
}

/** Of what the session's code rests on. */
export async function missingCommits(repo: UserRepo, state: CodeState): Promise<readonly Oid[]> {
  const absent: Oid[] = []
  for (const oid of state.needs) if (!(await hasCommit(userContext(repo), oid))) absent.push(oid)
  return absent
}

function commitMissing(remote: Remote, state: CodeState, oid: Oid, answer: GitAnswer): TeleportError {
  const said = answer.exitCode === 0 ? '' : ` (${showOutside(answer.stderr, 200)})`
  const branch = state.branch === null ? '' : `, on branch ${showOutside(state.branch, 100)}`
  return new TeleportError(
    'commit-missing',
    `commit ${oid}${branch} is neither here nor on ${showOutside(remote.name, 60)}${said}`,
    {
      hint: 'on the other machine: git fetch --prune && git teleport push --with-changes',
      data: { commit: oid },
    },
  )
}

/**
 * Reads the bundles into the scratch directory's objects. Everything in them is checked by git as it would check what it
 * fetches, and every path once more by ourselves. Throws `damaged-bundle`, `unsafe-bundle`, `git-failed`.
 */
export async function stageCode(repo: UserRepo, scratch: Scratch, files: CodeFiles): Promise<StagedCode> {
  const { state } = files
  if (files.commits !== null) {
    const { head } = state
    await readBundle(repo, scratch, files.commits, { refs: { [codeRefs.head]: head }, needs: state.needs })
  }
  const { index, worktree, intent } = state
  if (index === null || worktree === null || files.changes === null) {
    if (index !== null || files.changes !== null)
      throw new TeleportError('damaged-bundle', 'the session’s code is not complete')
    const [tree] = await treesIn(scratch, [state.head])
    return { state, head: state.head, headTree: tree, indexTree: tree, worktreeTree: tree, intentTree: null }
  }
  const refs = {
    [codeRefs.index]: index,
    [codeRefs.worktree]: worktree,
    ...(intent === null ? {} : { [codeRefs.intent]: intent }),
  }
  await readBundle(repo, scratch, files.changes, { refs, needs: [state.head] })
  const [headTree, indexTree, worktreeTree] = await treesIn(scratch, [state.head, index, worktree])
  const intentTree = intent === null ? null : (await treesIn(scratch, [intent]))[0]
  for (const tree of new Set([indexTree, worktreeTree, intentTree]))
    if (tree !== null) await checkPaths(scratch, tree)
  return { state, head: state.head, headTree, indexTree, worktreeTree, intentTree }
}

interface Expected {
  readonly refs: Readonly<Record<string, Oid>>
  readonly needs: readonly Oid[]
}

/** What a bundle's first lines name must be what the signed state names: git would take their word. */
async function readBundle(repo: UserRepo, scratch: Scratch, file: string, expected: Expected): Promise<void> {
  const header = await readBundleHeader(file, 'the code of the session')
  const wanted = Object.entries(expected.refs)
  const asExpected =
    header.refs.size === wanted.length &&
    wanted.every(([ref, oid]) => header.refs.get(ref) === oid) &&
    header.needs.every((oid) => expected.needs.includes(oid))
  if (!asExpected)
    throw new TeleportError('damaged-bundle', 'the code of the session is not what its table says')
  const pack = createReadStream(file, { start: header.packAt })
  const partial = isPartial(await gitConfig(repo))
  // A partial clone has promises where --strict wants objects.
  const check = partial ? '--fsck-objects' : '--strict'
  await feedGit(quarantine(repo, scratch), ['index-pack', '--stdin', '--fix-thin', check], pack).catch(
    (error: unknown) => {
      if (!hasCode(error, 'git-failed')) throw error
      throw new TeleportError('unsafe-bundle', error.message.replace(/^git index-pack failed/, refused), {
        cause: error,
      })
    },
  )
}

const refused = 'git refuses the code of the session'

/**
 * New objects land in the scratch directory. The user's configuration holds, since the blobs that a partial clone lacks
 * come from the remote that it names.
 */
function quarantine(repo: UserRepo, scratch: Scratch): GitContext {
  const { cwd, environment } = userContext(repo)
  return {
    cwd,
    environment: {
      ...environment,
      GIT_OBJECT_DIRECTORY: scratch.path('objects'),
      GIT_ALTERNATE_OBJECT_DIRECTORIES: path.join(repo.commonDir, 'objects'),
    },
  }
}

function isPartial(config: ReadonlyMap<string, readonly string[]>): boolean {
  return [...config.keys()].some((key) => /^remote\..+\.promisor$/s.test(key))
}

/** Makes what was staged part of the user's repository: the commits, and the contents that its index will name. */
export async function adoptObjects(
  repo: UserRepo,
  scratch: Scratch,
  code: StagedCode,
  files: CodeFiles,
): Promise<void> {
  if (files.commits !== null) {
    const { packAt } = await readBundleHeader(files.commits, 'the code of the session')
    const check = isPartial(await gitConfig(repo)) ? '--fsck-objects' : '--strict'
    const pack = createReadStream(files.commits, { start: packAt })
    await feedGit(userContext(repo), ['index-pack', '--stdin', '--fix-thin', check], pack)
  }
  if (code.indexTree === code.headTree && code.intentTree === null) return
  const trees = code.intentTree === null ? [code.indexTree] : [code.indexTree, code.intentTree]
  const input = [...trees, `^${code.head}`, ''].join('\n')
  const packed = await scratch.git(['pack-objects', '--quiet', '--revs', '--stdout'], { input })
  await mustAskGit(userContext(repo), [...quietly, 'unpack-objects', '-q'], packed)
}

/** The trees of these commits, in their order. */
async function treesIn<const T extends readonly Oid[]>(
  scratch: Scratch,
  commits: T,
): Promise<{ readonly [Index in keyof T]: Oid }>
async function treesIn(scratch: Scratch, commits: readonly Oid[]): Promise<readonly Oid[]> {
  const answer = await scratch.ask(['rev-parse', ...commits.map((commit) => `${commit}^{tree}`)])
  const trees = answer.stdout.toString().split('\n').filter(isOid)
  if (answer.exitCode === 0 && trees.length === commits.length) return trees
  throw new TeleportError('damaged-bundle', 'the code of the session does not hold its commits')
}

async function checkPaths(scratch: Scratch, tree: Oid): Promise<void> {
  const paths = parseTreePaths(await scratch.git(['ls-tree', '-r', '-z', '--full-tree', tree]))
  const odd = paths.find((entry) => !isSafeTreePath(pathText(entry.path)))
  if (odd === undefined) return
  const name = showOutside(JSON.stringify(pathText(odd.path)), 200)
  throw new TeleportError(
    'unsafe-bundle',
    `the code of the session holds the path ${name}, which is not allowed`,
  )
}

async function hasCommit(context: GitContext, oid: Oid): Promise<boolean> {
  return (await askGit(context, ['cat-file', '-e', `${oid}^{commit}`])).exitCode === 0
}
