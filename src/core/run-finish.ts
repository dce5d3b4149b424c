/** What is left when a background session has ended: its work committed, its branch and the session sent. */

import type { RunRecord, RunStep } from '../bundle/run-record.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { refuseInProgress } from '../git-store/capture-code.ts'
import {
  addRunWorktree,
  branchTip,
  changesIn,
  commitAll,
  pushBranch,
  worktreeExists,
} from '../git-store/run-worktree.ts'
import type { SessionId } from '../model.ts'
import { pushSession } from './push.ts'
import type { PushResult } from './push-job.ts'
import { changeRun, type RunPlace } from './run-records.ts'
import { tieRun } from './run-ties.ts'
import { shellWord } from './way-back.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

const mostAttempts = 10
const done: RunStep = { state: 'done', problem: null }
const nothing: RunStep = { state: 'nothing', problem: null }
const off: RunStep = { state: 'off', problem: null }

/**
 * Goes through all steps, whatever becomes of each; safe to repeat. Whoever calls holds the session's lock. What goes wrong
 * in a step is in the record, with what to type.
 */
export async function finishRun(world: World, place: RunPlace, session: SessionId): Promise<RunRecord> {
  const before = await changeRun(place, session, { phase: 'finishing' })
  const inRepo = <T>(at: World, work: (ws: Workspace) => Promise<T>) =>
    withWorkspace(at, { remote: before.remote ?? undefined }, work)
  const ready = await step(() => inRepo(world, (ws) => bringWorktree(ws, before)))
  if (ready.state === 'failed')
    return changeRun(place, session, { phase: 'ended', commit: ready, branchPush: ready, sessionPush: ready })
  // The session is read where it worked: those are its folders.
  const there: World = { ...world, cwd: before.worktree }
  const commit = await step(() => inRepo(there, (ws) => commitWork(ws, before)))
  const tied = await step(() => inRepo(there, (ws) => tieRun(ws, before).then(() => done)))
  if (tied.problem) world.note(`the commits are not tied to the session: ${tied.problem.message}`)
  const tip = await inRepo(there, (ws) => branchTip(ws.repo, before.branch))
  const isEmpty = tip === null || tip === before.base
  await changeRun(place, session, { commit, tip, branchPush: isEmpty ? nothing : before.branchPush })
  if (!before.push) return changeRun(place, session, { phase: 'ended', branchPush: off, sessionPush: off })
  // The branch first: whoever sees the session can then have its code.
  const branchPush = isEmpty ? nothing : await step(() => inRepo(there, (ws) => sendBranch(ws, before)))
  await changeRun(place, session, { branchPush })
  let readableBy = before.readableBy
  const sessionPush = await step(async () => {
    const sent = await sendSession(there, before)
    readableBy = sent?.readableBy ?? readableBy
    return sent ? done : nothing
  })
  return changeRun(place, session, { phase: 'ended', sessionPush, readableBy })
}

async function step(work: () => Promise<RunStep>): Promise<RunStep> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof TeleportError)) throw error
    return { state: 'failed', problem: problemOf(error) }
  }
}

/** The folder may have been deleted meanwhile. What lay there uncommitted is gone; the branch is not. */
async function bringWorktree(
  ws: Workspace,
  { session, worktree: folder, branch }: RunRecord,
): Promise<RunStep> {
  if ((await branchTip(ws.repo, branch)) === null) {
    throw new TeleportError('no-commit', `branch ${branch} is gone`, {
      hint: `git teleport push ${session.slice(0, 8)}   (the conversation alone)`,
    })
  }
  if (await worktreeExists(ws.repo, folder)) return nothing
  await addRunWorktree(ws.repo, { folder, branch, base: null })
  ws.world.note(`the work tree ${folder} was gone, with what was not committed there, and was made anew`)
  return done
}

async function commitWork(ws: Workspace, record: RunRecord): Promise<RunStep> {
  const { worktree, branch, session, name } = record
  const changes = await changesIn(ws.repo, worktree)
  if (changes.branch !== branch) {
    throw new TeleportError(
      'not-clean',
      `HEAD in ${worktree} has left ${branch}, and nothing is committed for it`,
      {
        hint: `git -C ${shellWord(worktree)} switch ${shellWord(branch)}   (then: git teleport stop ${session.slice(0, 8)})`,
      },
    )
  }
  if (changes.paths === 0) return nothing
  refuseInProgress(ws.repo)
  // What was asked stays out of it: commits travel in the clear.
  const message = name ?? `Work of background session ${session.slice(0, 8)}`
  await commitAll(ws.repo, worktree, message).catch((error: unknown) => {
    if (!hasCode(error, 'git-failed')) throw error
    throw new TeleportError(
      'git-failed',
      `${changes.paths} changed paths are not committed: ${error.message}`,
      {
        hint: `git -C ${shellWord(worktree)} commit   (then: git teleport stop ${session.slice(0, 8)})`,
        cause: error,
      },
    )
  })
  return done
}

async function sendBranch(ws: Workspace, { branch, worktree }: RunRecord): Promise<RunStep> {
  await pushBranch(ws.repo, ws.remote, branch, worktree)
  return done
}

/** Null: the client ended before anything was said. */
async function sendSession(world: World, record: RunRecord): Promise<PushResult | null> {
  const { session, remote, to, yes } = record
  const answering: World = yes ? { ...world, confirm: async () => true } : world
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await pushSession(answering, { session, remote: remote ?? undefined, to: to ?? undefined })
    } catch (error) {
      if (hasCode(error, 'no-session') || hasCode(error, 'empty-session')) return null
      // Many may end at once, and each push waits only so long for the one before it.
      if (!hasCode(error, 'store-busy') || attempt === mostAttempts) throw error
    }
  }
}

export function problemOf({ message, hint }: TeleportError): NonNullable<RunStep['problem']> {
  return { message: message.slice(0, 4000), hint: hint?.slice(0, 4000) ?? null }
}
