/** What `ps` says of each way in which a background session can stand. */

import test from 'ava'
import { type RunRecord, type RunStep, waitingStep } from '../../src/bundle/run-record.ts'
import { createWorld } from '../../src/core/create-world.ts'
import { type RunState, standingOf } from '../../src/core/run-list.ts'
import { machineName } from '../../src/git-store/process-identity.ts'
import { isOid, parseSessionId } from '../../src/model.ts'

const commit = 'a'.repeat(40)
const base = isOid(commit) ? commit : null
const world = createWorld({
  cwd: '/',
  env: { HOME: '/' },
  platform: 'linux',
  system: {
    policyFile: '/nonexistent',
    policyOwner: null,
    isPublicHost: () => false,
    bootId: async () => 'now',
  },
})
const process_ = (pid: number, boot: string) => ({ pid, start: null, host: machineName(), boot })
const here = process_(process.pid, 'now')
const earlier = process_(process.pid, 'before')
const done: RunStep = { state: 'done', problem: null }
const failed: RunStep = { state: 'failed', problem: { message: 'no network', hint: 'x' } }

function record(change: Partial<RunRecord>): RunRecord {
  if (base === null) throw new Error(commit)
  return {
    format: 1,
    session: parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab'),
    prompt: 'x',
    name: null,
    branch: 'run/5b1e3f2a',
    base,
    worktree: '/nowhere',
    remote: null,
    push: true,
    to: null,
    yes: false,
    program: 'claude',
    options: [],
    resumes: false,
    phase: 'ended',
    supervisor: earlier,
    client: earlier,
    started: '2026-11-20T12:00:00Z',
    ended: null,
    exitCode: 0,
    signal: null,
    stopped: false,
    problem: null,
    commit: waitingStep,
    tip: base,
    branchPush: waitingStep,
    sessionPush: waitingStep,
    readableBy: null,
    pulled: null,
    ...change,
  }
}

const rows: readonly (readonly [string, Partial<RunRecord>, RunState, RegExp | null, RegExp | null])[] = [
  ['one that runs', { phase: 'running', supervisor: here, client: here }, 'running', null, null],
  [
    'one of before a restart',
    { phase: 'running' },
    'stopped',
    /^the machine was restarted$/,
    /^git teleport run --resume 5b1e3f2a$/,
  ],
  [
    'one that a restart caught as it ended',
    { phase: 'finishing' },
    'stopped',
    /the machine was restarted before all was/,
    /stop 5b1e3f2a$/,
  ],
  [
    'one whose helper was killed',
    { phase: 'running', client: here },
    'running',
    /was killed/,
    /^git teleport stop 5b1e3f2a$/,
  ],
  ['one that is done', { commit: done, sessionPush: done }, 'done', null, /^git teleport pull 5b1e3f2a$/],
  [
    'one that said nothing',
    { exitCode: 1, sessionPush: { state: 'nothing', problem: null } },
    'failed',
    /ended with 1$/,
    /--resume/,
  ],
  [
    'one that was not sent',
    { sessionPush: failed },
    'done',
    /^the session is not pushed: no network$/,
    /teleport stop/,
  ],
  [
    'one that was stopped and not sent',
    { stopped: true, branchPush: failed, sessionPush: failed },
    'stopped',
    /^it was told to stop; the branch is not/,
    /teleport stop/,
  ],
  [
    'one that a signal ended',
    { exitCode: null, signal: 'SIGKILL', sessionPush: done },
    'stopped',
    /SIGKILL/,
    /--resume/,
  ],
  [
    'one that could not be started',
    { exitCode: null, problem: { message: 'EACCES', hint: null } },
    'failed',
    /^EACCES$/,
    /--resume/,
  ],
  ['one that was pulled', { sessionPush: done, pulled: '2026-11-20T13:00:00Z' }, 'done', null, null],
]

for (const [what, change, state, why, next] of rows) {
  test(`of ${what} ps says ${state}, and what to type`, async (t) => {
    const standing = await standingOf(world, record(change), null)
    t.is(standing.state, state)
    const says = (found: string | null, wanted: RegExp | null) =>
      wanted === null ? t.is(found, null) : t.regex(found ?? '', wanted)
    says(standing.why, why)
    says(standing.next, next)
  })
}
