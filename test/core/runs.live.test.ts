/** Background sessions, when two commands are at one of them in the same moment. */

import { spawn } from 'node:child_process'
import { getEventListeners } from 'node:events'
import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { RunRecord } from '../../src/bundle/run-record.ts'
import { hasEnded, isRunning } from '../../src/claude/process-start.ts'
import { type RunOptions, startRun } from '../../src/core/run.ts'
import { pruneRuns } from '../../src/core/run-prune.ts'
import { setFree } from '../../src/core/run-pull.ts'
import { changeRun, processMark, type RunPlace } from '../../src/core/run-records.ts'
import { stopRun } from '../../src/core/run-stop.ts'
import { superviseRun } from '../../src/core/run-supervise.ts'
import { withWorkspace } from '../../src/core/workspace.ts'
import type { World } from '../../src/core/world.ts'
import { filesOfStore } from '../../src/git-store/known-stores.ts'
import { runFolder } from '../../src/git-store/run-files.ts'
import type { SessionId } from '../../src/model.ts'
import { worldOf } from '../support/in-process.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { makeStandInClient } from '../support/stand-in-client.ts'

interface Sat {
  readonly ada: Machine
  readonly top: string
  readonly place: RunPlace
  /** Whatever it starts beside a session does nothing, and ends at once. */
  world(options?: { readonly bootId?: () => Promise<string>; readonly signal?: AbortSignal }): World
  /** A background session that nobody looks after yet. */
  start(options?: RunOptions): Promise<{ readonly session: SessionId; readonly worktree: string }>
}

async function sit(t: ExecutionContext): Promise<Sat> {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const ada = await sandbox.machine('ada')
  const top = await checkout(ada, remote, 'project')
  const client = path.dirname(await makeStandInClient(ada))
  const bin = path.join(ada.folder, 'bin')
  const env = { PATH: `${bin}:${client}:${ada.env['PATH'] ?? ''}` }
  const world: Sat['world'] = ({ bootId = async () => 'now', signal } = {}) => ({
    ...worldOf(ada, { cwd: top, env, system: { bootId }, ...(signal ? { signal } : {}) }),
    program: ['true'],
  })
  return {
    ada,
    top,
    place: filesOfStore(path.join(top, '.git/teleport')),
    world,
    start: (options = { prompt: 'say hello' }) => startRun(world(), { noPush: true, ...options }),
  }
}

/** A process that runs until the test ends, in a group of its own as a client is. */
function startProcess(t: ExecutionContext): number {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' })
  t.teardown(() => void child.kill('SIGKILL'))
  return child.pid ?? 0
}

test('stop ends a client that starts in the very moment', async (t) => {
  const { place, world, start } = await sit(t)
  const { session } = await start()
  const pid = startProcess(t)
  const [supervisor, client] = [await processMark(world(), process.pid), await processMark(world(), pid)]
  await changeRun(place, session, { supervisor })
  // Asked of the supervisor's mark, when stop has read the record: this is where the client came in.
  const bootId = async () => {
    await changeRun(place, session, { phase: 'running', client })
    return 'now'
  }
  t.like(await stopRun(world({ bootId }), { session }), {
    state: 'stopped',
    forced: false,
    attended: true,
    finished: null,
  })
  t.true(!isRunning(pid) || (await hasEnded(pid)))
  await access(path.join(runFolder(place, session), 'stop'))
})

const over = {
  phase: 'ended',
  supervisor: null,
  exitCode: 0,
  commit: { state: 'nothing', problem: null },
  branchPush: { state: 'off', problem: null },
  sessionPush: { state: 'off', problem: null },
} as const satisfies Partial<RunRecord>

/** Has `git status` of this machine, which looks at work trees, do something else behind it, once. */
async function afterStatus({ ada }: Sat, command: string): Promise<void> {
  const real = (await ada.run('sh', ['-c', 'command -v git'])).stdout.trim()
  const bin = path.join(ada.folder, 'bin')
  const once = path.join(ada.folder, 'once')
  await mkdir(bin, { recursive: true })
  await writeFile(once, '')
  const script = `#!/bin/sh
"${real}" "$@"
code=$?
case " $* " in *" status "*) if rm "${once}" 2>/dev/null; then ${command}; fi ;; esac
exit $code
`
  await writeFile(path.join(bin, 'git'), script, { mode: 0o755 })
}

test('ps --prune leaves a session that goes on in the very moment, and clears the others', async (t) => {
  const sat = await sit(t)
  const { place, world, start } = sat
  const [first, second] = [await start(), await start({ prompt: 'say bye' })]
  for (const { session } of [first, second]) await changeRun(place, session, over)
  // The newest is looked at first.
  await changeRun(place, second.session, { started: '2026-01-01T00:00:00Z' })
  const file = path.join(runFolder(place, first.session), 'run.json')
  const resumed = path.join(sat.ada.folder, 'resumed.json')
  const record = await changeRun(place, first.session, {})
  await writeFile(
    resumed,
    JSON.stringify({ ...record, phase: 'starting', supervisor: await processMark(world()) }),
  )
  await afterStatus(sat, `cp "${resumed}" "${file}"`)
  const { cleared, kept } = await pruneRuns(world(), { dryRun: false })
  t.deepEqual(
    cleared.map(({ session }) => session),
    [second.session],
  )
  t.deepEqual(kept, [])
  await access(path.join(first.worktree, '.git'))
  t.is(await readFile(file, 'utf8'), await readFile(resumed, 'utf8'))
})

test('run --resume leaves a session alone that another one has told to go on', async (t) => {
  const { place, world, start } = await sit(t)
  const { session } = await start()
  const supervisor = await processMark(world())
  // Asked of the mark that it had before: this is where the other one came in.
  const bootId = async () => {
    await changeRun(place, session, { prompt: 'the other', supervisor })
    return 'now'
  }
  const again = startRun(world({ bootId }), { noPush: true, resume: session, prompt: 'this one' })
  await t.throwsAsync(again, { code: 'session-live' })
  t.like(await changeRun(place, session, {}), { prompt: 'the other', supervisor })
})

test('pull leaves the work tree of a session that goes on in the very moment', async (t) => {
  const { place, world, start } = await sit(t)
  const { session, worktree } = await start()
  const run = await changeRun(place, session, { ...over, phase: 'running', supervisor: null })
  await changeRun(place, session, { supervisor: await processMark(world()) })
  await withWorkspace(world(), {}, async (ws) => {
    await t.throwsAsync(setFree(ws, run, false), { code: 'session-live' })
  })
  await access(path.join(worktree, '.git'))
})

test('a signal to the process beside a session reaches no client that has ended', async (t) => {
  const { place, world, start } = await sit(t)
  const { session } = await start()
  const ending = new AbortController()
  await superviseRun(world({ signal: ending.signal }), { session })
  t.like(await changeRun(place, session, {}), { phase: 'ended', exitCode: 0, stopped: false })
  // Its number may be somebody else's by now.
  t.deepEqual(getEventListeners(ending.signal, 'abort'), [])
})
