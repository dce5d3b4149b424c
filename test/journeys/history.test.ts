/** Five sessions make a feature; then its history is rewritten in every usual way. Whose line it is stays known. */

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { recordsIn, stringAt } from '../support/json.ts'
import { checkout } from '../support/sandbox.ts'
import { blamed, converse, idOf, ids, inSession, rebase, type Told, work } from './coder.ts'
import { makeHome, type Seat } from './seat.ts'

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
  await rebase(ada, todo, true, '-i', 'main')
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

/** One step of a random history: which session, in which file, and lines that others write too. */
const step = fc.record({
  session: fc.integer({ min: 1, max: 3 }),
  file: fc.constantFrom('a.txt', 'b.txt'),
  place: fc.nat(6),
  common: fc.boolean(),
  drops: fc.boolean(),
})

const story = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 6 }),
  /** Order of the commits after a rebase, and which are melted into the one before. */
  order: fc.array(fc.nat(100), { minLength: 6, maxLength: 6 }),
  melts: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
  hooked: fc.boolean(),
  squashed: fc.boolean(),
})

test('random histories, squashed and reordered, never name a wrong session', async (t) => {
  const home = await makeHome(t)
  const ada = await home.sit('ada')
  const { git } = ada.machine
  await begin(ada)
  await ada.run(['hook', 'install'])
  let told = 0
  let named = 0
  let run = 0
  await fc.assert(
    fc.asyncProperty(story, async ({ steps, order, melts, hooked, squashed }) => {
      run += 1
      const [base, branch] = [`base-${run}`, `tale-${run}`]
      await git(ada.top, 'checkout', '--quiet', '-b', base, 'origin/main')
      for (const file of ['a.txt', 'b.txt'])
        await writeFile(
          path.join(ada.top, file),
          `${[1, 2, 3, 4].map((n) => `old ${n} of ${file}`).join('\n')}\n`,
        )
      await git(ada.top, 'add', '-A')
      await git(ada.top, 'commit', '--quiet', '--no-verify', '--message', `base ${run}`)
      await git(ada.top, 'checkout', '--quiet', '-b', branch)
      for (const [at, each] of steps.entries()) await change(ada, run, at, each)
      await remould(ada, base, order, melts, hooked)
      if (squashed) {
        await git(ada.top, 'checkout', '--quiet', base)
        await git(ada.top, 'merge', '--quiet', '--squash', branch)
        await ada.machine.run('git', ['commit', '--quiet', '-m', `all of ${run}`], {
          cwd: ada.top,
          env: { GIT_TELEPORT_HOOK: '1' },
        })
      }
      for (const file of ['a.txt', 'b.txt']) {
        for (const { text, sessions } of await blamed(ada, file, ['--offline'])) {
          const [, n] = /by session (\d)/.exec(text) ?? []
          if (n === undefined) continue
          told += 1
          if (sessions.length === 1) named += 1
          t.true(
            sessions.length === 0 || sessions.includes(idOf(Number(n))),
            `${text}: ${sessions.join(' ')}`,
          )
        }
      }
    }),
    { numRuns: 8, endOnFailure: true },
  )
  t.log(`${named} of ${told} lines were given to one session`)
  t.true(named >= told * 0.7, `${named} of ${told}`)
})

/** Lines of its own somewhere in the file, perhaps one that every session writes, perhaps one less. */
async function change(
  seat: Seat,
  run: number,
  at: number,
  {
    session,
    file,
    place,
    common,
    drops,
  }: { session: number; file: string; place: number; common: boolean; drops: boolean },
): Promise<void> {
  const full = path.join(seat.top, file)
  const lines = (await readFile(full, 'utf8')).trimEnd().split('\n')
  const own = [`run ${run} line ${at} by session ${session}`, ...(common ? ['}'] : [])]
  const kept = drops && lines.length > 3 ? lines.toSpliced(place % lines.length, 1) : lines
  await writeFile(full, `${kept.toSpliced(place % kept.length, 0, ...own).join('\n')}\n`)
  await converse(seat, session, `do ${at} of run ${run}`, file, own.join('\n'))
  await seat.machine.git(seat.top, 'add', '-A')
  await inSession(seat, session, ['commit', '--quiet', '--message', `run ${run} step ${at}`])
}

/** A rebase that reorders and melts; what does not go is left as it was. */
async function remould(
  seat: Seat,
  base: string,
  order: readonly number[],
  melts: readonly boolean[],
  hooked: boolean,
): Promise<void> {
  const { git } = seat.machine
  const listed = (await git(seat.top, 'rev-list', '--reverse', `${base}..HEAD`)).split('\n')
  const sorted = listed
    .map((oid, at) => ({ oid, key: order[at] ?? 0 }))
    .sort((a, b) => a.key - b.key)
    .map(({ oid }, at) => `${at > 0 && melts[at] ? 'fixup' : 'pick'} ${oid}`)
  const plan = path.join(seat.machine.home, 'plan')
  await writeFile(plan, `${sorted.join('\n')}\n`)
  try {
    await rebase(seat, `cp "${plan}" "$1"`, hooked, '-i', base)
  } catch {
    await git(seat.top, 'rebase', '--abort')
  }
}
