/** `ps`: the background sessions of this repository, how each of them stands, and what to type about it. */

import type { RunRecord, RunStep } from '../bundle/run-record.ts'
import { runLog } from '../git-store/run-files.ts'
import type { Oid, SessionId } from '../model.ts'
import type { RunFigures } from '../review/run-stream.ts'
import { figuresOf, lastErrorOf } from './run-log.ts'
import { allRuns, fateOf, isSettled, settled } from './run-records.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

/** `done`, `failed`: the client ended by itself. `stopped`: somebody or something ended it. */
export type RunState = 'starting' | 'running' | 'finishing' | 'done' | 'failed' | 'stopped'

export interface RunStanding {
  readonly state: RunState
  /** What a person should know, in words; null: nothing beside the state. */
  readonly why: string | null
  /** The command that goes on from here; null while it is at work. */
  readonly next: string | null
}

export interface ListedRun extends RunStanding, Omit<RunFigures, 'result' | 'failed'> {
  readonly session: SessionId
  readonly name: string | null
  readonly prompt: string
  readonly branch: string
  readonly base: Oid
  readonly tip: Oid | null
  readonly worktree: string
  readonly log: string
  readonly pid: number | null
  readonly started: string
  readonly ended: string | null
  readonly exitCode: number | null
  readonly signal: string | null
  readonly committed: RunStep['state']
  readonly branchPushed: RunStep['state']
  readonly sessionPushed: RunStep['state']
  /** The last line on stderr, of one that did not end well. */
  readonly lastError: string
  readonly readableBy: readonly string[] | null
  readonly pulled: string | null
}

/** Without `all` those that were brought into a checkout are left out. Newest first. */
export async function listRunning(
  world: World,
  options: { readonly all: boolean; readonly remote?: string | undefined },
): Promise<readonly ListedRun[]> {
  return withWorkspace(world, options, async (ws) => {
    const records = (await allRuns(ws)).filter((record) => options.all || !isOver(record))
    return Promise.all(records.map((record) => listed(ws, record)))
  })
}

/** Those that somebody has to see to: what they made is not committed or not sent, or they were cut off. Newest first. */
export async function stuckRuns(
  ws: Workspace,
): Promise<readonly (RunStanding & { readonly session: SessionId })[]> {
  const runs = (await allRuns(ws)).filter((record) => !isSettled(record))
  const looked = await Promise.all(runs.map((read) => lookAt(ws, read, async () => ({ result: null }))))
  return looked
    .filter(({ record, standing }) => !isSettled(record) && standing.next !== null)
    .map(({ record, standing }) => ({ session: record.session, ...standing }))
}

/** Brought into a checkout, with nothing left to see to. */
function isOver({ pulled, commit, branchPush, sessionPush }: RunRecord): boolean {
  return pulled !== null && ![commit, branchPush, sessionPush].some(({ state }) => state === 'failed')
}

async function listed(ws: Workspace, read: RunRecord): Promise<ListedRun> {
  const looked = await lookAt(ws, read, (record) => figuresOf(ws.store, record))
  const { record, standing } = looked
  const { result: _result, failed: _failed, ...figures } = looked.figures
  const isOdd = standing.state === 'failed' || (standing.state === 'stopped' && !record.stopped)
  const { session, name, prompt, branch, base, tip, worktree, started, ended, exitCode, signal, pulled } =
    record
  return {
    session,
    ...standing,
    lastError: isOdd ? await lastErrorOf(ws.store, record) : '',
    name,
    prompt,
    branch,
    base,
    tip,
    worktree,
    log: runLog(ws.store, session),
    pid: record.client?.pid ?? null,
    started,
    ended,
    exitCode,
    signal,
    ...figures,
    committed: record.commit.state,
    branchPushed: record.branchPush.state,
    sessionPushed: record.sessionPush.state,
    readableBy: record.readableBy,
    pulled,
  }
}

/** The record, what its log says, and how it stands, all of one moment. */
async function lookAt<Figures extends Pick<RunFigures, 'result'>>(
  ws: Workspace,
  read: RunRecord,
  figuresIn: (record: RunRecord) => Promise<Figures>,
): Promise<{ readonly record: RunRecord; readonly figures: Figures; readonly standing: RunStanding }> {
  const record = await settled(ws, read)
  const figures = await figuresIn(record)
  const standing = await standingOf(ws.world, record, figures.result)
  if (record.phase !== 'ended' && standing.next !== null) {
    // Its processes are gone since the record was read: they may have ended well.
    const now = await settled(ws, record)
    if (now.phase === 'ended') return lookAt(ws, now, figuresIn)
  }
  return { record, figures, standing }
}

/** @param result how the client says it ended */
export async function standingOf(
  world: World,
  record: RunRecord,
  result: string | null,
): Promise<RunStanding> {
  if (record.phase === 'ended') return endedStanding(record, result)
  const id = record.session.slice(0, 8)
  const supervisor = await fateOf(world, record.supervisor)
  if (supervisor === 'runs') return { state: record.phase, why: null, next: null }
  const finish = `git teleport stop ${id}`
  if (record.phase === 'finishing')
    return {
      state: 'stopped',
      why: `it ended, but ${cutOff(supervisor)} before all was committed and sent`,
      next: finish,
    }
  if ((await fateOf(world, record.client)) === 'runs') {
    const why = 'the process beside it was killed: what it leaves is not committed and sent by itself'
    return { state: 'running', why, next: finish }
  }
  return { state: 'stopped', why: cutOff(supervisor), next: `git teleport run --resume ${id}` }
}

function cutOff(fate: 'gone' | 'restarted'): string {
  return fate === 'restarted' ? 'the machine was restarted' : 'its processes were killed'
}

function endedStanding(record: RunRecord, result: string | null): RunStanding {
  const id = record.session.slice(0, 8)
  const how = howItEnded(record, result)
  const steps: readonly (readonly [string, RunStep])[] = [
    ['not committed', record.commit],
    ['the branch is not pushed', record.branchPush],
    ['the session is not pushed', record.sessionPush],
  ]
  const left = steps.find(([, { state }]) => state === 'failed')
  if (left) {
    const [what, { problem }] = left
    const why = [how.why, `${what}: ${problem?.message ?? ''}`]
    return { ...how, why: why.filter(Boolean).join('; '), next: `git teleport stop ${id}` }
  }
  if (record.pulled !== null) return { ...how, next: null }
  const isSent = how.state === 'done' && record.sessionPush.state !== 'nothing'
  return { ...how, next: isSent ? `git teleport pull ${id}` : `git teleport run --resume ${id}` }
}

function howItEnded(record: RunRecord, result: string | null): Omit<RunStanding, 'next'> {
  const { problem, stopped, exitCode, signal } = record
  if (problem) return { state: 'failed', why: problem.message }
  if (stopped) return { state: 'stopped', why: 'it was told to stop' }
  if (exitCode === 0) return { state: 'done', why: null }
  const told = result === null || result === 'success' ? '' : ` (${result})`
  if (signal !== null) return { state: 'stopped', why: `the client was ended by ${signal}${told}` }
  return { state: 'failed', why: `the client ended with ${exitCode ?? 'no exit code'}${told}` }
}
