/** The refs of a real remote, through `git fetch` and `git push` on the store. */

import { setTimeout } from 'node:timers/promises'
import { hasCode, TeleportError } from '../errors.ts'
import { type Oid, type Progress, silentProgress } from '../model.ts'
import { accessError } from './access-error.ts'
import { askGit, type GitAnswer, type GitContext, gitFailed } from './git.ts'
import { listRefs, readRef, updateRefs } from './local-refs.ts'
import { remoteWords, showOutside } from './outside-text.ts'
import { parseRefusals } from './push-report.ts'
import {
  acceptedFolder,
  acceptedRef,
  incomingFolder,
  matchesPattern,
  mirrorRefspec,
  parseRef,
  type RefKind,
  remoteName,
} from './refs.ts'
import type { Remote } from './remote.ts'
import type { PushOutcome, RefUpdate, RemoteRefs } from './remote-refs.ts'
import { storeContext, storeRemote, transportContext } from './store-git.ts'
import type { UserRepo } from './user-repo.ts'

/**
 * `--prune` sees only the refspecs given (`--refmap=` takes away the configured ones), so it deletes nothing outside of
 * refs/incoming of this remote, and there only what the patterns cover.
 */
const fetchFlags = [
  '--quiet',
  '--no-filter',
  '--no-tags',
  '--prune',
  '--refmap=',
  '--no-write-fetch-head',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
  '--stdin',
]

const pushFlags = [
  '--porcelain',
  '--atomic',
  '--no-verify',
  '--no-signed',
  '--no-follow-tags',
  '--recurse-submodules=no',
]

/**
 * A server that lost a race for its own lock says no before the winner's value can be read. Milliseconds until each
 * further look; those behind the first only where the server speaks of a lock, since a plain refusal is told at once.
 */
const looksMs = [250, 750, 2000]

export class GitRemoteRefs implements RemoteRefs {
  readonly #repo: UserRepo
  readonly #dir: string
  readonly #remote: Remote
  readonly #store: GitContext

  constructor(repo: UserRepo, dir: string, remote: Remote) {
    this.#repo = repo
    this.#dir = dir
    this.#remote = remote
    this.#store = storeContext(repo, dir)
  }

  async fetch(
    patterns: readonly string[],
    progress: Progress = silentProgress,
  ): Promise<ReadonlyMap<string, Oid>> {
    if (patterns.length === 0) return new Map()
    progress.step(`fetching from ${this.#remote.name}`)
    const refspecs = patterns.map((pattern) => mirrorRefspec(this.#remote.key, pattern))
    const args = ['fetch', ...fetchFlags, storeRemote]
    const first = await this.#transport(args, refspecs)
    if (first.exitCode !== 0) {
      await this.#requireReached(first)
      // git fails when another command of ours has brought the same refs up to date while it was waiting for the remote.
      const second = await this.#transport(args, refspecs)
      if (second.exitCode !== 0) throw fetchFailed(second)
    }
    const incoming = await listRefs(this.#store, incomingFolder(this.#remote.key))
    return renamed(incoming, (ref) => patterns.some((pattern) => matchesPattern(ref, pattern)))
  }

  async #transport(args: readonly string[], refspecs: readonly string[] = []): Promise<GitAnswer> {
    const context = await transportContext(this.#repo, this.#dir, this.#remote)
    return askGit(context, args, refspecs.map((refspec) => `${refspec}\n`).join(''))
  }

  /** Asks for what nobody has: if that works, the remote is fine and what it holds or the store is not. */
  async #requireReached(answer: GitAnswer): Promise<void> {
    const probe = `+refs/heads/no-such-folder-of-git-teleport/*:${incomingFolder(this.#remote.key)}none/*`
    const reached = await this.#transport(['fetch', ...fetchFlags, '--dry-run', storeRemote], [probe])
    if (reached.exitCode !== 0) throw this.#accessError(answer)
  }

  #accessError(answer: GitAnswer): TeleportError {
    return accessError(this.#repo, this.#remote, answer)
  }

  async push(updates: readonly RefUpdate[], progress: Progress = silentProgress): Promise<PushOutcome> {
    requirePushable(updates)
    progress.step(`sending to ${this.#remote.name}`)
    const leases = updates.map(({ ref, expected }) => `--force-with-lease=${ref}:${expected ?? ''}`)
    const refspecs = updates.map(({ ref, next }) => `${next ?? ''}:${ref}`)
    const answer = await this.#transport(['push', ...pushFlags, ...leases, storeRemote, ...refspecs])
    if (answer.exitCode === 0) return { kind: 'done', bytesSent: null }
    return this.#classify(updates, answer)
  }

  /** Why a push failed is read from the remote's refs, never from what anybody says about it. */
  async #classify(updates: readonly RefUpdate[], answer: GitAnswer): Promise<PushOutcome> {
    const refusals = parseRefusals(answer.stdout.toString())
    const outcome = await this.#compare(updates, answer)
    if (outcome) return outcome
    if (refusals.size === 0) throw this.#accessError(answer)
    const isLocked = [...refusals.values()].some((reason) => /lock|failed to update ref/i.test(reason))
    for (const ms of isLocked ? looksMs : looksMs.slice(0, 1)) {
      await setTimeout(ms)
      const later = await this.#compare(updates, answer)
      if (later) return later
    }
    throw this.#refusedError(refusals, answer)
  }

  /** `undefined`: the remote is as it was before the push. */
  async #compare(updates: readonly RefUpdate[], answer: GitAnswer): Promise<PushOutcome | undefined> {
    const tips = await this.fetch(updates.map(({ ref }) => ref)).catch((error: unknown) => {
      throw hasCode(error, 'remote-access') ? this.#accessError(answer) : error
    })
    const tip = ({ ref }: RefUpdate) => tips.get(ref) ?? null
    if (updates.every((update) => tip(update) === update.next)) return { kind: 'done', bytesSent: null }
    const changed = updates.filter((update) => tip(update) !== update.expected)
    const foreign = changed.filter((update) => tip(update) !== update.next)
    // A host that breaks its promise of all or nothing leaves only some of ours: no race, but nothing to rely on.
    const moved = foreign.length > 0 ? foreign : changed
    return moved.length === 0 ? undefined : { kind: 'moved', refs: moved.map(({ ref }) => ref) }
  }

  #refusedError(refusals: ReadonlyMap<string, string>, answer: GitAnswer): TeleportError {
    const reasons = showOutside([...new Set(refusals.values())].join('\n'))
    const words = remoteWords(answer.stderr)
    const name = showOutside(this.#remote.name, 60)
    return new TeleportError(
      'remote-refused',
      `${name} refused the update: ${reasons}${words === '' ? '' : ` (${words})`}`,
      {
        hint: 'ask whoever runs the host which refs may be pushed and how large an object may be',
        data: { refs: [...refusals.keys()] },
      },
    )
  }

  seen(ref: string): Promise<Oid | null> {
    return readRef(this.#store, acceptedRef(this.#remote.key, ref))
  }

  async seenAll(kind: RefKind): Promise<ReadonlyMap<string, Oid>> {
    return renamed(await listRefs(this.#store, acceptedFolder(this.#remote.key, kind)), () => true)
  }

  accept(updates: readonly RefUpdate[]): Promise<void> {
    return updateRefs(
      this.#store,
      updates.map((update) => ({ ...update, ref: acceptedRef(this.#remote.key, update.ref) })),
    )
  }
}

function fetchFailed(answer: GitAnswer): TeleportError {
  return gitFailed(['fetch'], answer, 'run the command again; if that does not help: git teleport doctor')
}

/** The remote's names instead of the store's; what is no session and no index, or not asked for, falls out. */
function renamed(refs: ReadonlyMap<string, Oid>, wanted: (ref: string) => boolean): ReadonlyMap<string, Oid> {
  return new Map(
    [...refs].flatMap(([local, oid]): [string, Oid][] => {
      const ref = remoteName(local)
      return ref !== undefined && wanted(ref) ? [[ref, oid]] : []
    }),
  )
}

function requirePushable(updates: readonly RefUpdate[]): void {
  const refs = new Set(updates.map(({ ref }) => ref))
  const empty = updates.some(({ expected, next }) => expected === null && next === null)
  const foreign = updates.some(({ ref }) => parseRef(ref) === undefined)
  if (updates.length > 0 && refs.size === updates.length && !empty && !foreign) return
  throw new TeleportError('bug', 'a push of no ref, one ref twice, a foreign ref or nothing to nothing')
}
