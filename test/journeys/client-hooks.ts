/** Claude Code's hooks as the client runs them: a shell, an event on stdin, the client's environment. */

import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runWorker } from '../../src/core/hook-worker.ts'
import { worldOf } from '../support/in-process.ts'
import { isRecord, parseJson, stringAt } from '../support/json.ts'
import type { Ran } from '../support/run.ts'
import { type Seat, session } from './seat.ts'

const hooks = path.resolve(import.meta.dirname, '../../../hooks/claude/hooks')

export type HookName = 'command' | 'prompt' | 'session-start' | 'stop' | 'session-end'

const eventNames: Readonly<Record<HookName, string>> = {
  command: 'UserPromptExpansion',
  prompt: 'UserPromptSubmit',
  'session-start': 'SessionStart',
  stop: 'Stop',
  'session-end': 'SessionEnd',
}

export interface Event {
  readonly session_id?: string
  readonly [field: string]: unknown
}

/** Runs one hook and returns how it ended. `event` as the client would write it; a text goes as it is. */
export async function hook(
  seat: Pick<Seat, 'machine' | 'top'>,
  name: HookName,
  event: Event | string = {},
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const fields = { session_id: session, cwd: seat.top, hook_event_name: eventNames[name] }
  return seat.machine.run('sh', [path.join(hooks, name)], {
    cwd: seat.top,
    stdin: typeof event === 'string' ? event : JSON.stringify({ ...fields, ...event }),
    env: { CLAUDE_PROJECT_DIR: seat.top, CLAUDECODE: '1', CLAUDE_CODE_ENTRYPOINT: 'cli', ...env },
  })
}

export interface Answer {
  /** What is shown to a person. */
  readonly shown: string
  /** What is told to the model. */
  readonly context: string
  /** What was typed does not come to the model. */
  readonly blocked: boolean
}

/** What a hook said; throws when it failed. */
export function answerOf(ran: Ran): Answer {
  if (ran.exitCode !== 0) throw new Error(`the hook ended with ${ran.exitCode}: ${ran.stderr}`)
  const value = ran.stdout === '' ? {} : parseJson(ran.stdout)
  if (!isRecord(value)) throw new Error(`no answer: ${ran.stdout}`)
  return {
    shown: stringAt(value, 'systemMessage') ?? stringAt(value, 'reason') ?? '',
    context: stringAt(value, 'hookSpecificOutput', 'additionalContext') ?? '',
    blocked: stringAt(value, 'decision') === 'block',
  }
}

/** What the hook would start in the background, here: waits cost nothing, and move the clock. */
export async function work(
  seat: Seat,
  options: { readonly mostWaits?: number; readonly startMs?: number } = {},
): Promise<number> {
  const ended = new AbortController()
  // Later than whatever was noted just now.
  let ms = options.startMs ?? Date.now() + 5000
  let waits = 0
  const wait = async (passed: number) => {
    ms += passed
    waits += 1
    if (waits >= (options.mostWaits ?? 200)) ended.abort()
  }
  const world = worldOf(seat.machine, { cwd: seat.top, now: () => new Date(ms), signal: ended.signal })
  await runWorker(world, { wait }).catch((error: unknown) => {
    if (!ended.signal.aborted) throw error
  })
  return waits
}

/** Session refs on the remote. */
export async function sentTo({ machine }: Pick<Seat, 'machine'>, remote: string): Promise<readonly string[]> {
  const refs = await machine.git(remote, 'for-each-ref', '--format=%(refname)', 'refs/teleport/sessions')
  return refs === '' ? [] : refs.split('\n').map((ref) => path.basename(ref))
}

/** Looks until `happened`, for a minute at most. */
export async function eventually(what: string, happened: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 60_000
  while (!(await happened().catch(() => false))) {
    if (performance.now() > deadline) throw new Error(`${what} never came`)
    await delay(50)
  }
}
