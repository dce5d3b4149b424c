/** The background sessions of this repository: found, read, changed one step at a time, each with a lock of its own. */

import { createHash } from 'node:crypto'
import path from 'node:path'
import { parseRunRecord, type RunProcess, type RunRecord } from '../bundle/run-record.ts'
import { bootId } from '../claude/process-start.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { withStoreLock } from '../git-store/lock.ts'
import { isRunning, markOf, ownMark } from '../git-store/process-identity.ts'
import { listRuns, readRun, runFolder, writeRun } from '../git-store/run-files.ts'
import type { Store } from '../git-store/store.ts'
import type { UserRepo } from '../git-store/user-repo.ts'
import { isSessionPrefix, parseSessionId, type SessionId } from '../model.ts'
import { ambiguous } from './choose-session.ts'
import type { Workspace } from './workspace.ts'
import type { World } from './world.ts'

export type RunPlace = Pick<Store, 'path'>

/** Newest start first. A record that cannot be read is told, and left out. */
export async function allRuns(ws: Workspace): Promise<readonly RunRecord[]> {
  const found = await Promise.all((await listRuns(ws.store)).map((session) => readable(ws, session)))
  return found
    .filter((record) => record !== undefined)
    .sort((a, b) => Date.parse(b.started) - Date.parse(a.started) || (a.session < b.session ? -1 : 1))
}

async function readable(ws: Workspace, session: SessionId): Promise<RunRecord | undefined> {
  return readRecord(ws.store, session).catch((error: unknown) => {
    if (!hasCode(error, 'store-damaged')) throw error
    ws.world.note(`the record of background session ${session} could not be read: ${error.message}`)
    return undefined
  })
}

/** `undefined` when there is none. Throws `store-damaged`. */
export async function readRecord(place: RunPlace, session: SessionId): Promise<RunRecord | undefined> {
  const value = await readRun(place, session)
  return value === undefined ? undefined : parseRunRecord(value)
}

/** The one whose id begins with `wanted`; `undefined` when there is none. Throws `bad-session-id`, `ambiguous-session`. */
export async function runNamed(ws: Workspace, wanted: string): Promise<RunRecord | undefined> {
  const prefix = wanted.toLowerCase()
  if (!isSessionPrefix(prefix)) parseSessionId(wanted)
  const ids = (await listRuns(ws.store)).filter((id) => id.startsWith(prefix))
  const [only] = ids
  if (ids.length > 1) throw ambiguous(`"${wanted}" fits ${ids.length} background sessions`, ids)
  return only === undefined ? undefined : readRecord(ws.store, only)
}

/** The one named, else the one that was started last. Throws `no-session`. */
export async function getRun(ws: Workspace, wanted: string | undefined): Promise<RunRecord> {
  const found = wanted === undefined ? (await allRuns(ws))[0] : await runNamed(ws, wanted)
  if (found) return found
  const what =
    wanted === undefined ? 'no session runs in the background here' : `no background session ${wanted} here`
  throw new TeleportError('no-session', what, { hint: 'git teleport ps --all' })
}

/** Writes what changes, upon what the record says now. Whoever calls looks after the run, or holds its lock. */
export async function changeRun(
  place: RunPlace,
  session: SessionId,
  change: Partial<RunRecord>,
): Promise<RunRecord> {
  const before = await readRecord(place, session)
  if (!before) throw new TeleportError('no-session', `the record of background session ${session} is gone`)
  const record = { ...before, ...change }
  await writeRun(place, session, record)
  return record
}

/** Whoever wrote down that all is over lets go of the session in a moment. */
export const lettingGoMs = 2_000

/** Runs `work` while nobody else looks after this session. Throws `session-live` when somebody does. */
export async function withRunLock<T>(
  place: RunPlace,
  session: SessionId,
  work: () => Promise<T>,
  options: { readonly waitMs?: number } = {},
): Promise<T> {
  return withStoreLock(runFolder(place, session), work, { waitMs: options.waitMs ?? 0 }).catch(
    (error: unknown) => {
      if (!hasCode(error, 'store-busy')) throw error
      throw atWork(session)
    },
  )
}

export function atWork(session: SessionId): TeleportError {
  const id = session.slice(0, 8)
  return new TeleportError('session-live', `background session ${session} is at work`, {
    hint: `git teleport logs -f ${id}   (or: git teleport stop ${id})`,
  })
}

/** Which boot of the system this is; null where it tells none. */
export function bootOf(world: World): Promise<string | null> {
  return world.system.bootId ? world.system.bootId() : bootId()
}

/** Of this process, or of another one of this machine. */
export async function processMark(world: World, pid?: number): Promise<RunProcess> {
  const mark = await (pid === undefined ? ownMark() : markOf(pid))
  return { ...mark, boot: await bootOf(world) }
}

/** `restarted`: the machine was switched off since. */
export async function fateOf(world: World, mark: RunProcess | null): Promise<'runs' | 'gone' | 'restarted'> {
  if (mark === null) return 'gone'
  const boot = await bootOf(world)
  if (boot !== null && mark.boot !== null && boot !== mark.boot) return 'restarted'
  return (await isRunning(mark)) ? 'runs' : 'gone'
}

/** Whether the client runs, or what it leaves is being seen to. */
export async function isAtWork(world: World, place: RunPlace, session: SessionId): Promise<boolean> {
  const record = await readRecord(place, session)
  if (!record || record.phase === 'ended') return false
  return [await fateOf(world, record.supervisor), await fateOf(world, record.client)].includes('runs')
}

/** The record as it stands now that its processes are gone: they may have ended well since it was read. */
export async function settled(ws: Workspace, run: RunRecord): Promise<RunRecord> {
  if (run.phase === 'ended' || (await isAtWork(ws.world, ws.store, run.session))) return run
  return (await readRecord(ws.store, run.session)) ?? run
}

/** Everything that its end asks for was done, or is not wanted. */
export function isSettled({ phase, commit, branchPush, sessionPush }: RunRecord): boolean {
  const steps = [commit, branchPush, sessionPush]
  return phase === 'ended' && steps.every(({ state }) => state !== 'failed' && state !== 'waiting')
}

/** A folder for each repository, out of everybody's way: tools of the project must not find two of everything. */
export function worktreeFolder(world: World, repo: Pick<UserRepo, 'commonDir'>, session: SessionId): string {
  const base = path.basename(path.dirname(repo.commonDir)).replace(/[^A-Za-z0-9._-]/g, '-')
  const hash = createHash('sha256').update(repo.commonDir).digest('hex').slice(0, 8)
  return path.join(worktreesFolder(world), `${base}-${hash}`, session.slice(0, 8))
}

/** Where all of them lie. */
export function worktreesFolder(world: World): string {
  const [chosen, local] = [world.env['XDG_DATA_HOME'], world.env['LOCALAPPDATA']]
  if (world.platform === 'win32')
    return path.join(local || path.join(world.home, 'AppData', 'Local'), 'git-teleport', 'worktrees')
  const data = chosen?.startsWith('/') ? chosen : path.join(world.home, '.local', 'share')
  return path.join(data, 'git-teleport', 'worktrees')
}
