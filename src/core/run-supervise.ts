/** The process beside a background session: starts the client, waits for its end, and sees to what it leaves. */

import { type FileHandle, open } from 'node:fs/promises'
import type { RunRecord } from '../bundle/run-record.ts'
import { endClient, startHeadless } from '../claude/headless.ts'
import { fileError } from '../errors.ts'
import { agentEnvironment } from '../git-store/environment.ts'
import { isMarkedStop, runErrors, runLog } from '../git-store/run-files.ts'
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
    const began = await changeRun(place, session, { supervisor: await processMark(world, process.pid) })
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
  const [stdout, stderr] = await Promise.all([
    openForAppending(runLog(place, session)),
    openForAppending(runErrors(place, session)),
  ])
  try {
    await stdout.appendFile(`${promptRow(record.prompt, world.now())}\n`)
    return await watchClient(world, place, record, stdout.fd, stderr.fd)
  } catch (error) {
    const failed = fileError(error, `starting ${record.program}`)
    return { ...notStarted, problem: problemOf(failed) }
  } finally {
    await Promise.all([stdout.close(), stderr.close()])
  }
}

async function watchClient(
  world: World,
  place: RunPlace,
  record: RunRecord,
  stdout: number,
  stderr: number,
): Promise<Ended> {
  const { session, program, resumes, options, worktree: cwd, prompt } = record
  const env = agentEnvironment(world.env)
  const child = startHeadless({ program, session, resumes, options, cwd, env, prompt, stdout, stderr })
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, problem: null }))
  })
  ended.catch(() => undefined)
  const { pid } = child
  if (pid !== undefined) {
    await changeRun(place, session, { phase: 'running', client: await processMark(world, pid) })
    // A stop that came before the client was known.
    if (await isMarkedStop(place, session)) void endClient(pid, graceMs)
    world.signal.addEventListener('abort', () => void endClient(pid, graceMs), { once: true })
    if (world.signal.aborted) void endClient(pid, graceMs)
  }
  return ended
}

async function openForAppending(file: string): Promise<FileHandle> {
  return open(file, 'a', 0o600).catch((error: unknown) => {
    throw fileError(error, `writing ${file}`)
  })
}
