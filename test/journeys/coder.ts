/** Somebody who codes with Claude: asks, lets it edit and commit, and rewrites history afterwards. */

import { appendFile, chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { recordsIn, stringAt } from '../support/json.ts'
import { type Seat, transcriptOf } from './seat.ts'

export const ids = [1, 2, 3, 4, 5].map((n) =>
  parseSessionId(`${n}${n}${n}${n}${n}${n}${n}${n}-91c4-4d6f-9a37-0123456789ab`),
)
export const idOf = (n: number): SessionId => ids[n - 1] ?? parseSessionId('none')

/** A conversation in which somebody asks, and Claude edits and commits. */
export async function converse(
  seat: Seat,
  n: number,
  step: string,
  file: string,
  text: string,
): Promise<void> {
  const session = idOf(n)
  const transcript = transcriptOf(seat, session)
  await mkdir(path.dirname(transcript), { recursive: true })
  const before = await readFile(transcript, 'utf8').catch(() => '')
  const at = before.split('\n').length
  const common = {
    sessionId: session,
    cwd: seat.top,
    version: '2.1.329',
    gitBranch: 'feature',
    isSidechain: false,
    timestamp: new Date().toISOString(),
  }
  const uuid = (row: number) =>
    `${String(n).repeat(8)}-0000-4000-8000-${String(at * 10 + row).padStart(12, '0')}`
  const ask = {
    ...common,
    type: 'user',
    uuid: uuid(1),
    parentUuid: null,
    message: { role: 'user', content: `please ${step}` },
  }
  const edit = {
    type: 'tool_use',
    id: `t${at}`,
    name: 'Edit',
    input: { file_path: path.join(seat.top, file), old_string: '', new_string: text },
  }
  const answer = {
    ...common,
    type: 'assistant',
    uuid: uuid(2),
    parentUuid: uuid(1),
    message: { role: 'assistant', content: [edit] },
  }
  await appendFile(transcript, [ask, answer].map((row) => `${JSON.stringify(row)}\n`).join(''))
}

/** What session `n` does: it asks, adds lines of its own to a file, and commits with its id in the environment. */
export async function work(
  seat: Seat,
  n: number,
  step: string,
  file: string,
  lines: readonly string[],
): Promise<void> {
  const text = lines.join('\n')
  await converse(seat, n, step, file, text)
  await appendFile(path.join(seat.top, file), `${text}\n`)
  await seat.machine.git(seat.top, 'add', '-A')
  await inSession(seat, n, ['commit', '--quiet', '--message', step])
}

export async function inSession(seat: Seat, n: number, args: readonly string[]): Promise<void> {
  const ran = await seat.machine.run('git', args, { cwd: seat.top, env: { CLAUDE_CODE_SESSION_ID: idOf(n) } })
  if (ran.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${ran.stderr}`)
}

export interface Told {
  readonly text: string
  readonly sessions: readonly string[]
  readonly prompt: string | null
}

export async function blamed(
  seat: Seat,
  file: string,
  more: readonly string[] = [],
): Promise<readonly Told[]> {
  const { lines } = await seat.run(['blame', file, ...more])
  return recordsIn(lines).map((line) => ({
    text: stringAt(line, 'text') ?? '',
    sessions: recordsIn(line['sessions']).map((each) => stringAt(each, 'session') ?? ''),
    prompt: stringAt(line, 'prompt') ?? null,
  }))
}

/** @param hooked false: as on a machine where the hooks are not installed */
export async function rebase(
  seat: Seat,
  script: string,
  hooked: boolean,
  ...args: readonly string[]
): Promise<void> {
  const editor = path.join(seat.machine.home, 'editor.sh')
  await writeFile(editor, `#!/bin/sh\n${script}\n`)
  await chmod(editor, 0o755)
  const env = {
    GIT_SEQUENCE_EDITOR: editor,
    GIT_EDITOR: 'true',
    ...(hooked ? {} : { GIT_TELEPORT_HOOK: '1' }),
  }
  const ran = await seat.machine.run('git', ['rebase', '--quiet', ...args], { cwd: seat.top, env })
  if (ran.exitCode !== 0) throw new Error(`git rebase: ${ran.stdout}${ran.stderr}`)
}
