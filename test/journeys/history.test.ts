/** Five sessions make a feature; then its history is rewritten in every usual way. Whose line it is stays known. */

import { appendFile, chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { recordsIn, stringAt } from '../support/json.ts'
import { checkout } from '../support/sandbox.ts'
import { makeHome, type Seat, transcriptOf } from './seat.ts'

const ids = [1, 2, 3, 4, 5].map((n) =>
  parseSessionId(`${n}${n}${n}${n}${n}${n}${n}${n}-91c4-4d6f-9a37-0123456789ab`),
)
const idOf = (n: number): SessionId => ids[n - 1] ?? parseSessionId('none')

/** A conversation in which somebody asks, and Claude edits and commits. */
async function converse(seat: Seat, n: number, step: string, file: string, text: string): Promise<void> {
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
async function work(
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

async function inSession(seat: Seat, n: number, args: readonly string[]): Promise<void> {
  const ran = await seat.machine.run('git', args, { cwd: seat.top, env: { CLAUDE_CODE_SESSION_ID: idOf(n) } })
  if (ran.exitCode !== 0) throw new Error(`git ${args.join(' ')}: ${ran.stderr}`)
}

interface Told {
  readonly text: string
  readonly sessions: readonly string[]
  readonly prompt: string | null
}

async function blamed(seat: Seat, file: string, more: readonly string[] = []): Promise<readonly Told[]> {
  const { lines } = await seat.run(['blame', file, ...more])
  return recordsIn(lines).map((line) => ({
    text: stringAt(line, 'text') ?? '',
    sessions: recordsIn(line['sessions']).map((each) => stringAt(each, 'session') ?? ''),
    prompt: stringAt(line, 'prompt') ?? null,
  }))
}

/** Every line says in its own words which session wrote it, and at which step. */
function rightOwners(t: ExecutionContext, where: string, lines: readonly Told[]): void {
  for (const { text, sessions, prompt } of lines) {
    const [, n, step] = /by session (\d) in (step \d+)/.exec(text) ?? []
    if (n === undefined) t.deepEqual(sessions, [], `${where}: ${text}`)
    else {
      t.deepEqual(sessions, [idOf(Number(n))], `${where}: ${text}`)
      t.is(prompt, `please ${step}`, `${where}: ${text}`)
    }
  }
}

const line = (n: number, step: number, what: string) => `${what} // by session ${n} in step ${step}`

const files = ['shared.txt', 'part-1.txt', 'part-2.txt', 'part-5.txt']

/** Twelve commits of five sessions on a branch; three of them are in one file, so that lines lie side by side. */
async function feature(seat: Seat): Promise<void> {
  await seat.machine.git(seat.top, 'checkout', '--quiet', '-b', 'feature')
  const plan = [1, 1, 2, 3, 2, 4, 4, 5, 3, 5, 1, 5]
  for (const [at, n] of plan.entries()) {
    const step = at + 1
    const file = ['shared.txt', `part-${n}.txt`, 'shared.txt'][at % 3] ?? 'shared.txt'
    await work(seat, n, `step ${step}`, file, [
      line(n, step, `first of ${file}`),
      line(n, step, `second of ${file}`),
    ])
  }
}

async function pushAll(seat: Seat): Promise<void> {
  for (const id of ids) await seat.run(['push', id])
}

async function rebase(seat: Seat, script: string, ...args: readonly string[]): Promise<void> {
  const editor = path.join(seat.machine.home, 'editor.sh')
  await writeFile(editor, `#!/bin/sh\n${script}\n`)
  await chmod(editor, 0o755)
  const env = { GIT_SEQUENCE_EDITOR: editor, GIT_EDITOR: 'true' }
  const ran = await seat.machine.run('git', ['rebase', '--quiet', ...args], { cwd: seat.top, env })
  if (ran.exitCode !== 0) throw new Error(`git rebase: ${ran.stdout}${ran.stderr}`)
}

async function begin(seat: Seat): Promise<void> {
  await writeFile(path.join(seat.top, 'shared.txt'), 'a line that nobody asked for\n')
  await seat.machine.git(seat.top, 'add', '-A')
  await seat.machine.git(seat.top, 'commit', '--quiet', '--message', 'begin')
  await seat.machine.git(seat.top, 'push', '--quiet', 'origin', 'main')
}

/** What log says of each commit: subject and the numbers of its sessions. */
async function logged(seat: Seat, ...args: readonly string[]): Promise<readonly string[]> {
  const { commits } = await seat.run(['log', ...args])
  return recordsIn(commits).map((each) => {
    const sessions = recordsIn(each['sessions']).map(
      (one) => `${stringAt(one, 'session')?.[0]} ${stringAt(one, 'how')}`,
    )
    return `${stringAt(each, 'subject')}: ${sessions.sort().join(', ')}`
  })
}

test('amend, rebase with squash and reorder, squash merge on the server, cherry-pick: every line keeps its session', async (t) => {
  const home = await makeHome(t)
  const ada = await home.sit('ada')
  await begin(ada)
  await ada.run(['hook', 'install'])
  await feature(ada)

  // The last commit is amended by its session; its message stays.
  await converse(ada, 5, 'step 13', 'part-5.txt', line(5, 13, 'added while amending'))
  await appendFile(path.join(ada.top, 'part-5.txt'), `${line(5, 13, 'added while amending')}\n`)
  await ada.machine.git(ada.top, 'add', '-A')
  await inSession(ada, 5, ['commit', '--quiet', '--amend', '--no-edit'])
  t.regex((await logged(ada, '-n', '1'))[0] ?? '', /^step 12: 5 /)

  // Steps 5 and 8 each change a file of their own and trade places; 2 is squashed into 1, 10 into 9.
  const todo = [
    'cp "$1" "$1.all"',
    'pick() { grep " step $1\\$" "$1.all" >/dev/null 2>&1; }',
    'get() { sed -n "s/^pick \\(.* step $2\\)$/$3 \\1/p" "$1.all"; }',
    '{ get "$1" 1 pick; get "$1" 2 squash; get "$1" 3 pick; get "$1" 4 pick; get "$1" 8 pick; get "$1" 6 pick; get "$1" 7 pick;',
    '  get "$1" 5 pick; get "$1" 9 pick; get "$1" 10 fixup; get "$1" 11 pick; get "$1" 12 pick; } > "$1"',
  ].join('\n')
  await rebase(ada, todo, '-i', 'main')
  const afterRebase = await logged(ada, 'main..feature')
  t.log(afterRebase.join('\n'))
  t.is(afterRebase.length, 10)
  t.true(
    afterRebase.every((each) => / \d /.test(each)),
    afterRebase.join('\n'),
  )
  for (const file of files) rightOwners(t, `ada after the rebase, ${file}`, await blamed(ada, file))
  await pushAll(ada)
  await ada.machine.git(ada.top, 'push', '--quiet', 'origin', 'feature')

  // A second device that only fetched sees the same on the branch.
  const desk = await home.sit('desk')
  await desk.machine.git(desk.top, 'checkout', '--quiet', 'feature')
  const there = await logged(desk, 'origin/main..feature')
  t.deepEqual(
    there.map((each) => each.replace(/ (?:exact|rebased|squashed|amended|patch)/g, '')),
    afterRebase.map((each) => each.replace(/ (?:exact|rebased|squashed|amended|patch)/g, '')),
  )
  rightOwners(t, 'desk on the branch', await blamed(desk, 'shared.txt'))

  // Meanwhile main goes on in another file, and somebody squash-merges on the server and deletes the branch.
  const forge = await home.sandbox.machine('forge')
  const served = await checkout(forge, home.remote, 'served')
  await writeFile(path.join(served, 'other.txt'), 'something else\n')
  await forge.git(served, 'add', '-A')
  await forge.git(served, 'commit', '--quiet', '--message', 'other')
  await forge.git(served, 'merge', '--quiet', '--squash', 'origin/feature')
  await forge.git(served, 'commit', '--quiet', '--message', 'the feature (#1)')
  await forge.git(served, 'push', '--quiet', 'origin', 'main', ':feature')
  // On a release branch two of its files are wanted.
  await forge.git(served, 'checkout', '--quiet', '-b', 'release', 'HEAD~2')
  await forge.git(served, 'cherry-pick', 'main')
  await forge.git(served, 'push', '--quiet', 'origin', 'release')

  // The author, a device that never had the branch, and one that did.
  const fresh = await home.sit('fresh')
  await ada.machine.git(ada.top, 'checkout', '--quiet', 'main')
  for (const seat of [ada, fresh, desk]) {
    await seat.machine.git(seat.top, 'fetch', '--quiet', '--prune')
    await seat.machine.git(seat.top, 'checkout', '--quiet', 'main')
    await seat.machine.git(seat.top, 'merge', '--quiet', '--ff-only', 'origin/main')
    const { name } = seat.machine
    t.deepEqual(
      await logged(seat, '-n', '3'),
      ['the feature (#1): 1 squashed, 2 squashed, 3 squashed, 4 squashed, 5 squashed', 'other: ', 'begin: '],
      name,
    )
    for (const file of [...files, 'other.txt'])
      rightOwners(t, `${name} on main, ${file}`, await blamed(seat, file))
    await seat.machine.git(seat.top, 'checkout', '--quiet', 'release')
    t.regex((await logged(seat, '-n', '1'))[0] ?? '', /: 1 .*, 2 .*, 3 .*, 4 .*, 5 /, name)
    rightOwners(t, `${name} on release`, await blamed(seat, 'shared.txt'))
    const review = await seat.run(['review', 'origin/main~2..origin/main'])
    t.deepEqual(
      recordsIn(review['sessions'])
        .map((each) => stringAt(each, 'session'))
        .sort(),
      ids.map(String),
      name,
    )
  }
})
