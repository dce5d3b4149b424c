/** Opens everything that a command works on: the user's repository, its remote, the private store, Claude Code's folders. */

import path from 'node:path'
import { type ClaudeHome, claudeHome } from '../claude/home.ts'
import { beginInstall, type Installation, recoverInstalls } from '../claude/install.ts'
import { hasCode, interruption, TeleportError } from '../errors.ts'
import { boxRemote } from '../git-store/direct-box.ts'
import { rememberStore, storeFolder } from '../git-store/known-stores.ts'
import { withStoreLock } from '../git-store/lock.ts'
import { type DirectWay, type Remote, resolveRemote } from '../git-store/remote.ts'
import { readRemoteHead } from '../git-store/remote-head.ts'
import { openStore, type Store, storeExists } from '../git-store/store.ts'
import { openUserRepo, type UserRepo } from '../git-store/user-repo.ts'
import type { Oid, SessionId } from '../model.ts'
import { recoverCode } from './recover-code.ts'
import { userFolder } from './user-folder.ts'
import type { World } from './world.ts'

export interface Workspace {
  readonly world: World
  readonly repo: UserRepo
  readonly remote: Remote
  /**
   * Whose team and rules hold, and where the code is. The same as `remote`, unless that is a direct one; null: then the
   * project has none of its own.
   */
  readonly project: Remote | null
  readonly store: Store
  readonly claude: ClaudeHome
  /** The policy commit that `--trust-policy` accepts at first sight. */
  readonly trustPolicy: string | null
  /** Asks where the remote's HEAD is, so that the answer is there when it is wanted: but nobody for a passphrase. */
  expectRemoteHead(): void
  /** Where it is; asked once, and given up when the workspace is closed. */
  remoteHead(): Promise<Oid | null>
}

export interface WorkspaceOptions {
  readonly remote?: string | undefined
  readonly trustPolicy?: string | undefined
  /** What sessions travel through instead of the project's remote. */
  readonly direct?: DirectWay | undefined
}

/** Runs `work` on an opened workspace and closes it whatever happens. */
export async function withWorkspace<T>(
  world: World,
  options: WorkspaceOptions,
  work: (ws: Workspace) => Promise<T>,
): Promise<T> {
  const repo = await openUserRepo(world.cwd, world.env, {
    background: world.background,
    signal: world.signal,
    turn: world.turn,
    storeName: world.storeName,
  })
  const project = await projectRemote(repo, options)
  const remote = options.direct ? directRemote(repo, options.direct) : project
  if (!remote) throw new TeleportError('bug', 'no remote to work with')
  if (!(await storeExists(repo))) await rememberStore(storeListPath(world), storeFolder(repo))
  const store = await openStore(repo, remote)
  const closing = new AbortController()
  const signal = AbortSignal.any([closing.signal, world.signal])
  const head = askedOnce(repo, remote, (silent) =>
    readRemoteHead(repo, store.dir, remote, { signal, silent }),
  )
  try {
    return await work({
      world,
      repo,
      remote,
      project,
      store,
      claude: claudeHome(world.env, world.home, world.platform),
      trustPolicy: options.trustPolicy ?? null,
      ...head,
    })
  } catch (error) {
    // What was cut off fails in many ways, and none of them is what happened.
    if (world.signal.aborted && error instanceof TeleportError)
      throw error.code === 'interrupted' ? error : interruption(error)
    throw error
  } finally {
    closing.abort()
    await store.close()
  }
}

/** Early on only where that cannot ask, and then once more when it must. */
function askedOnce(
  { turn }: UserRepo,
  { direct }: Remote,
  ask: (silent: boolean) => Promise<Oid | null>,
): Pick<Workspace, 'expectRemoteHead' | 'remoteHead'> {
  let early: Promise<Oid | null> | undefined
  let head: Promise<Oid | null> | undefined
  const kept = (answer: Promise<Oid | null>) => {
    // Whoever asked may never come to look.
    answer.catch(() => undefined)
    return answer
  }
  const loud = (error: unknown) => {
    if (turn && hasCode(error, 'remote-access')) return ask(false)
    throw error
  }
  return {
    expectRemoteHead() {
      if (!direct) early ??= kept(ask(turn !== undefined))
    },
    remoteHead() {
      head ??= kept(direct ? Promise.resolve(null) : (early?.catch(loud) ?? ask(false)))
      return head
    },
  }
}

function directRemote(repo: UserRepo, way: DirectWay): Remote {
  return 'lendsTo' in way ? boxRemote(storeFolder(repo), way.lendsTo) : way
}

/** Only what goes another way can do without one. */
async function projectRemote(repo: UserRepo, options: WorkspaceOptions): Promise<Remote | null> {
  return resolveRemote(repo, options.remote).catch((error: unknown) => {
    if (options.direct && hasCode(error, 'no-remote') && options.remote === undefined) return null
    throw error
  })
}

/**
 * The same under the store's lock, held from the first fetch to the record.
 * What an earlier command left half-installed when it was killed is finished or discarded first.
 */
export async function withLockedWorkspace<T>(
  world: World,
  options: WorkspaceOptions,
  work: (ws: Workspace) => Promise<T>,
): Promise<T> {
  return withWorkspace(world, options, (ws) =>
    withStoreLock(ws.store.dir, async () => {
      for (const id of await recoverInstalls(ws.claude, installFolder(ws))) {
        world.note(`an interrupted pull was put in order (${id})`)
      }
      await recoverCode(ws)
      return work(ws)
    }),
  )
}

/** Where the journals and backups of installs lie. */
export function installFolder(ws: Workspace): string {
  return ws.store.path('installs')
}

/** Stages files of `session` for `work`; what it does not commit is forgotten. */
export async function withInstallation<T>(
  ws: Workspace,
  session: SessionId,
  work: (install: Installation) => Promise<T>,
): Promise<T> {
  const install = await beginInstall(ws.claude, installFolder(ws), { session, now: ws.world.now() })
  try {
    return await work(install)
  } finally {
    await install.abort()
  }
}

/** The list of repositories that have a store. */
export function storeListPath(world: World): string {
  return path.join(userFolder(world), 'stores')
}
