/** Bundles the commits that the remote is not known to have. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { codeRefs, tooLarge, userContext } from './code-git.ts'
import { mustAskGit } from './git.ts'
import { readBundleHeader } from './git-bundle.ts'
import type { Remote } from './remote.ts'
import type { Scratch } from './scratch.ts'
import type { UserRepo } from './user-repo.ts'

export interface BundledCommits {
  readonly file: string | null
  readonly count: number
  readonly needs: readonly Oid[]
}

/** What the remote is not known to have. */
export async function bundleCommits(
  repo: UserRepo,
  remote: Remote,
  scratch: Scratch,
  head: Oid,
  maxBytes: number,
): Promise<BundledCommits> {
  const known = await knownToRemote(repo, remote)
  const range = [head, ...known.map((oid) => `^${oid}`), ''].join('\n')
  const listed = (await scratch.git(['rev-list', '--stdin'], { input: range })).toString().split('\n')
  const commits = new Set(listed.filter(isOid))
  if (commits.size === 0) return { file: null, count: 0, needs: [head] }
  if (repo.shallow) await refuseCutHistory(repo, commits)
  const usage = await scratch.git(['rev-list', '--objects', '--disk-usage', '--stdin'], { input: range })
  const sizeBytes = Number(usage.toString())
  if (sizeBytes > maxBytes) throw tooLarge('the unpushed commits', sizeBytes, maxBytes)
  const file = scratch.path('commits.bundle')
  await scratch.git(['update-ref', codeRefs.head, head])
  await scratch.git(['bundle', 'create', '--quiet', file, '--stdin'], {
    input: [codeRefs.head, ...known.map((oid) => `^${oid}`), ''].join('\n'),
  })
  const { needs } = await readBundleHeader(file, 'the bundle of unpushed commits')
  return { file, count: commits.size, needs }
}

async function knownToRemote(repo: UserRepo, remote: Remote): Promise<readonly Oid[]> {
  if (remote.direct) return commitsHere(repo, remote.direct.has)
  const args = ['for-each-ref', '--format=%(objectname)', `refs/remotes/${remote.name}/`]
  const listed = await mustAskGit(userContext(repo), args)
  return [...new Set(listed.toString().split('\n').filter(isOid))]
}

/** A bundle cannot say where a history was cut off. */
async function refuseCutHistory(repo: UserRepo, commits: ReadonlySet<string>): Promise<void> {
  const cut = await readFile(path.join(repo.commonDir, 'shallow'), 'utf8').catch(() => '')
  if (!cut.split('\n').some((oid) => commits.has(oid))) return
  throw new TeleportError(
    'changes-unsupported',
    'this clone is shallow, and what the remote is not known to have reaches down to where its history ends',
    { hint: 'git fetch --unshallow' },
  )
}

/** Of commits that somebody names, those that this repository has: the others say nothing about what is new. */
async function commitsHere(repo: UserRepo, named: readonly Oid[]): Promise<readonly Oid[]> {
  const args = ['cat-file', '--batch-check=%(objectname) %(objecttype)']
  const looked = await mustAskGit(userContext(repo), args, named.map((oid) => `${oid}\n`).join(''))
  const commits = looked
    .toString()
    .split('\n')
    .map((line) => line.split(' '))
  return commits.flatMap(([oid = '', type]) => (type === 'commit' && isOid(oid) ? [oid] : []))
}
