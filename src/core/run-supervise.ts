/** The process beside a background session: starts the client, waits for its end, and sees to what it leaves. */

import type { RunRecord } from '../bundle/run-record.ts'
import { endClient, startHeadless } from '../claude/headless.ts'
import { TeleportError } from '../errors.ts'
import { agentEnvironment } from '../git-store/environment.ts'
import { appendToLog, isMarkedStop, runErrors, runLog } from '../git-store/run-files.ts'
import { promptRow } from '../review/run-stream.ts'
import { finishRun, problemOf } from './run-finish.ts'
import { changeRun, getRun, processMark, type RunPlace, withRunLock } from './run-records.ts'
import { withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

/** How long a client has to put things in order before it is ended. */
export const graceMs = 10_000

/** How long whoever started us may take to write down that they did. */
const handOverMs = 30_000

export interface SuperviseOptions {
  readonly session: string
  readonly remote?: string | undefined
}

/** Holds this session's own lock and nothing else while the client runs. Whatever fails is in the record. */
export async function superviseRun(world: World, options: SuperviseOptions): Promise<void> {
  const { place, session } = await withWorkspace(world, options, async (ws) => {
    const { session } = await getRun(ws, options.session)
    return { place: { path: ws.store.path } satisfies RunPlace, session }
  })
  const work = async () => {
    const began = await changeRun(place, session, { supervisor: await processMark(world) })
    const ended = await runClient(world, place, began)
    await changeRun(place, session, {
      ...ended,
      phase: 'finishing',
      ended: formatTime(world.now()),
      stopped: world.signal.aborted || (await isMarkedStop(place, session)),
    })
    await finishRun(world, place, session)
  }
  await withRunLock(place, session, work, { waitMs: handOverMs })
}

type Ended = Pick<RunRecord, 'exitCode' | 'signal' | 'problem'>

async function runClient(world: World, place: RunPlace, record: RunRecord): Promise<Ended> {
  const { session } = record
  const notStarted = { exitCode: null, signal: null, problem: null }
  if (await isMarkedStop(place, session)) return notStarted
  try {
    await appendToLog(place, session, promptRow(record.prompt, world.now()))
    return await watchClient(world, place, record)
  } catch (error) {
    if (!(error instanceof TeleportError)) throw error
    return { ...notStarted, problem: problemOf(error) }
  }
}

async function watchClient(world: World, place: RunPlace, record: RunRecord): Promise<Ended> {
  const { session, program, resumes, options, worktree: cwd, prompt } = record
  const env = agentEnvironment(world.env)
  const [stdout, stderr] = [runLog(place, session), runErrors(place, session)]
  const start = { program, session, resumes, options, cwd, env, prompt, stdout, stderr }
  const { pid, ended } = await startHeadless(start)
  await changeRun(place, session, { phase: 'running', client: await processMark(world, pid) })
  // What cannot be signalled is this client no longer.
  const end = () => void endClient(pid, graceMs).catch(() => undefined)
  // A stop that came before the client was known, and one that comes from now on.
  if (world.signal.aborted) end()
  else world.signal.addEventListener('abort', end, { once: true })
  if (await isMarkedStop(place, session)) end()
  try {
    return { ...(await ended), problem: null }
  } finally {
    // Its number may be given out again while we finish.
    world.signal.removeEventListener('abort', end)
  }
}
