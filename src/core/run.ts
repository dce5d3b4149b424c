/** `run`: a session in the background, in a work tree and on a branch of its own, that nobody has to wait for. */

import { mostPromptLength, type RunRecord, waitingStep } from '../bundle/run-record.ts'
import { collectSession } from '../claude/collect.ts'
import { findClient, startDetached } from '../claude/headless.ts'
import { liveClients } from '../claude/live.ts'
import { findSession } from '../claude/locate.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { detachedEnvironment } from '../git-store/environment.ts'
import { makeRunFolder, removeRun, runErrors, runLog, unmarkStop, writeRun } from '../git-store/run-files.ts'
import {
  addRunWorktree,
  branchTip,
  countUnpushed,
  deleteBranch,
  removeRunWorktree,
  requireNewBranch,
  worktreeExists,
} from '../git-store/run-worktree.ts'
import { countChanges } from '../git-store/switch-code.ts'
import { type Oid, parseSessionId, type SessionId } from '../model.ts'
import { namedAudience } from './audience.ts'
import { chooseSession } from './choose-session.ts'
import { loadDevice } from './device.ts'
import { effectivePolicy } from './effective-policy.ts'
import { requireRunAllowed } from './follow-policy.ts'
import { knownPeople } from './people.ts'
import {
  atWork,
  changeRun,
  isAtWork,
  lettingGoMs,
  processMark,
  runNamed,
  withRunLock,
  worktreeFolder,
} from './run-records.ts'
import { teamPolicy } from './team.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface RunOptions {
  /** Undefined only with `resume`: then the session is told to go on. */
  readonly prompt?: string | undefined
  /** A session to go on with: an earlier run, or any session of this machine. */
  readonly resume?: string | undefined
  readonly name?: string | undefined
  readonly branch?: string | undefined
  readonly model?: string | undefined
  readonly permissionMode?: string | undefined
  readonly maxBudgetUsd?: string | undefined
  readonly maxTurns?: string | undefined
  readonly allowedTools?: readonly string[] | undefined
  /** Who may read the session, as of a push. */
  readonly to?: readonly string[] | undefined
  readonly noPush?: boolean
  readonly remote?: string | undefined
  /** The push at the end answers its questions with yes. */
  readonly yes?: boolean
  readonly dryRun?: boolean
}

export interface StartedRun {
  readonly session: SessionId
  readonly branch: string
  /** Absolute path of its work tree. */
  readonly worktree: string
  /** The commit that the branch began at. */
  readonly base: Oid
  /** Absolute path of the client's stream, JSON lines. */
  readonly log: string
  readonly resumed: boolean
  readonly dryRun: boolean
  /** Paths changed in the checkout it was started from: they are not part of it. */
  readonly leftOut: number
  /** Commits that the remote gets with the branch, though nobody pushed them yet. */
  readonly unpushed: number
  /** Commands to watch it, stop it and bring it here. */
  readonly next: readonly string[]
}

/** The client's safest mode in which anything can be done unattended; see docs/decisions.md. */
const usualMode = 'acceptEdits'
const goOn = 'Go on where you were interrupted.'

/**
 * Returns as soon as the process that looks after the session has been started; that one needs neither this process nor
 * its terminal. Throws `no-agent`, `no-commit`, `not-allowed`, `no-key`, `unknown-member`,
 * `session-live`, `usage`.
 */
export async function startRun(world: World, options: RunOptions): Promise<StartedRun> {
  return withWorkspace(world, options, async (ws) => {
    requireRunAllowed(await effectivePolicy(ws, await teamPolicy(ws, 'pinned')), 'here')
    const program = await findClient(world.env, world.home)
    if (!options.noPush) await requireReaders(ws, options.to)
    checkPrompt(options)
    const earlier = options.resume === undefined ? undefined : await runNamed(ws, options.resume)
    const again = earlier?.pulled === null
    const record = again
      ? await againOf(ws, earlier, program, options)
      : await newRecord(ws, program, options)
    const unpushed = record.push ? await countUnpushed(ws.repo, ws.remote, record.tip ?? record.base) : 0
    const leftOut = again ? 0 : await countChanges(ws.repo)
    if (!options.dryRun) await (again ? startAgain(ws, record) : startNew(ws, record))
    const { session, branch, worktree, base } = record
    return {
      session,
      branch,
      worktree,
      base,
      log: runLog(ws.store, session),
      resumed: options.resume !== undefined,
      dryRun: options.dryRun ?? false,
      leftOut,
      unpushed,
      next: ['logs -f', 'stop', 'pull'].map((verb) => `git teleport ${verb} ${session.slice(0, 8)}`),
    }
  })
}

/**
 * What would keep the push at the end from going out is told now. A name that is not in the policy accepted last may be
 * in a newer one. Throws `no-key`, `unknown-member`, `mixed-readers`.
 */
async function requireReaders(ws: Workspace, to: RunOptions['to']): Promise<void> {
  const device = await loadDevice(ws.world, ws.repo)
  if (to === undefined) return
  try {
    namedAudience(await knownPeople(ws, device, 'pinned'), to)
  } catch (error) {
    if (!hasCode(error, 'unknown-member')) throw error
    namedAudience(await knownPeople(ws, device, 'fresh'), to)
  }
}

function checkPrompt({ prompt, resume }: RunOptions): void {
  if (prompt === undefined && resume === undefined)
    throw new TeleportError('usage', 'nothing is asked', { hint: 'git teleport run "<prompt>"' })
  if (prompt !== undefined && prompt.trim() === '') throw new TeleportError('usage', 'the prompt is empty')
  if ((prompt?.length ?? 0) > mostPromptLength || prompt?.includes('\0'))
    throw new TeleportError('usage', `a prompt has at most ${mostPromptLength} characters, and no NUL`)
}

/** A new session, or one that goes on in the background for the first time, or for the first time since it was pulled. */
async function newRecord(ws: Workspace, program: string, options: RunOptions): Promise<RunRecord> {
  const { repo, world } = ws
  if (repo.head === null) {
    throw new TeleportError(
      'no-commit',
      `${repo.branch ?? 'HEAD'} has no commit yet that a session could start from`,
      { hint: 'git commit --allow-empty --message start' },
    )
  }
  const resumed = options.resume === undefined ? undefined : await chooseSession(ws, options.resume)
  if (resumed) await refuseOpen(ws, resumed.session)
  const session = resumed?.session ?? parseSessionId(world.uuid())
  if (options.branch !== undefined) await requireNewBranch(repo, options.branch)
  return {
    format: 1,
    session,
    prompt: options.prompt ?? goOn,
    name: options.name ?? null,
    branch: options.branch ?? (await freeBranch(repo, `run/${session.slice(0, 8)}`)),
    base: repo.head,
    worktree: worktreeFolder(world, repo, session),
    remote: options.remote ?? null,
    push: !options.noPush,
    to: options.to ?? null,
    yes: options.yes ?? false,
    options: clientOptions(options, [['--permission-mode', usualMode]]),
    resumes: resumed !== undefined,
    tip: repo.head,
    readableBy: null,
    pulled: null,
    ...unstarted(ws, program),
  }
}

/** A run goes on in its own work tree and on its branch, with what it was told before unless it is told anew. */
async function againOf(
  ws: Workspace,
  earlier: RunRecord,
  program: string,
  options: RunOptions,
): Promise<RunRecord> {
  const { session } = earlier
  if (options.branch !== undefined && options.branch !== earlier.branch)
    throw new TeleportError('usage', `session ${session} goes on on its branch ${earlier.branch}`)
  if (await isAtWork(ws.world, ws.store, session)) throw atWork(session)
  await refuseOpen(ws, session)
  const begun = await hasConversation(ws, session)
  return {
    ...earlier,
    prompt: options.prompt ?? (begun ? goOn : earlier.prompt),
    name: options.name ?? earlier.name,
    remote: options.remote ?? earlier.remote,
    push: earlier.push && !options.noPush,
    to: options.to ?? earlier.to,
    yes: earlier.yes || (options.yes ?? false),
    options: clientOptions(options, earlier.options),
    resumes: begun,
    tip: (await branchTip(ws.repo, earlier.branch)) ?? earlier.base,
    ...unstarted(ws, program),
  }
}

/** The client's own words, unchecked: what it does not know it refuses. What is said now replaces what was said `before`. */
function clientOptions(options: RunOptions, before: RunRecord['options']): RunRecord['options'] {
  const { name, model, permissionMode, maxBudgetUsd, maxTurns, allowedTools } = options
  const said: readonly (readonly [string, string | undefined])[] = [
    ['--name', name],
    ['--model', model],
    ['--permission-mode', permissionMode],
    ['--max-budget-usd', maxBudgetUsd],
    ['--max-turns', maxTurns],
    ['--allowed-tools', allowedTools?.join(',')],
  ]
  const now = said.flatMap(([flag, value]) => (value === undefined ? [] : [[flag, value] as const]))
  const flags = new Set(now.map(([flag]) => flag))
  return [...before.filter(([flag]) => !flags.has(flag)), ...now]
}

function unstarted({ world }: Workspace, program: string) {
  return {
    program,
    phase: 'starting',
    supervisor: null,
    client: null,
    started: formatTime(world.now()),
    ended: null,
    exitCode: null,
    signal: null,
    stopped: false,
    problem: null,
    commit: waitingStep,
    branchPush: waitingStep,
    sessionPush: waitingStep,
  } as const
}

async function freeBranch(repo: Workspace['repo'], wanted: string): Promise<string> {
  for (let count = 1; ; count += 1) {
    const branch = count === 1 ? wanted : `${wanted}-${count}`
    if ((await branchTip(repo, branch)) === null) return branch
  }
}

async function refuseOpen(ws: Workspace, session: SessionId): Promise<void> {
  const open = (await liveClients(ws.claude)).find((client) => client.session === session)
  if (!open) return
  throw new TeleportError(
    'session-live',
    `session ${session} is open in a running client (process ${open.pid})`,
    {
      hint: `close it there, then run: git teleport run --resume ${session.slice(0, 8)}`,
      data: { pid: open.pid },
    },
  )
}

/** Whether the client got so far that there is anything to resume. */
async function hasConversation(ws: Workspace, session: SessionId): Promise<boolean> {
  const [file] = await findSession(ws.claude, session)
  if (!file) return false
  return collectSession(ws.claude, file, { top: ws.repo.top, previousScan: null }).then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, 'empty-session')) return false
      throw error
    },
  )
}

async function startNew(ws: Workspace, record: RunRecord): Promise<void> {
  const { store, repo } = ws
  const { session, branch, base, worktree: folder } = record
  await makeRunFolder(store, session)
  try {
    await addRunWorktree(repo, { folder, branch, base })
    await withRunLock(store, session, () => supervise(ws, record))
  } catch (error) {
    await removeRunWorktree(repo, folder, { force: true })
    await deleteBranch(repo, branch, base)
    await removeRun(store, session)
    throw error
  }
}

async function startAgain(ws: Workspace, record: RunRecord): Promise<void> {
  const { session, branch, worktree: folder } = record
  const work = async () => {
    // Another one may have told it to go on since it was looked at.
    if (await isAtWork(ws.world, ws.store, session)) throw atWork(session)
    if (!(await worktreeExists(ws.repo, folder)))
      await addRunWorktree(ws.repo, { folder, branch, base: null })
    await supervise(ws, record)
  }
  await withRunLock(ws.store, session, work, { waitMs: lettingGoMs })
}

/**
 * Writes the record and starts who looks after it, so that nobody else takes it for one that ended. Whoever calls holds
 * the session's lock.
 */
async function supervise(ws: Workspace, record: RunRecord): Promise<void> {
  const { store, world, repo } = ws
  const { session } = record
  const { program } = world
  if (!program) {
    throw new TeleportError('usage', 'only the program itself can leave a session running', {
      hint: 'git teleport run "<prompt>"',
    })
  }
  await unmarkStop(store, session)
  await writeRun(store, session, record)
  const command = [...program, 'hook', 'supervise', session]
  const remote = record.remote === null ? [] : ['--remote', record.remote]
  const env = detachedEnvironment(world.env)
  const output = runErrors(store, session)
  const pid = await startDetached([...command, ...remote], { cwd: repo.top, env, output })
  await changeRun(store, session, { supervisor: await processMark(world, pid) })
}
