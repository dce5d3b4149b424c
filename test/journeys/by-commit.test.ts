/** The verbs that look at sessions by commit, as their user sees them. */

import { appendFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { teleport } from '../support/in-process.ts'
import { recordsIn, stringAt } from '../support/json.ts'
import { checkout } from '../support/sandbox.ts'
import { converse, idOf, inSession, work } from './coder.ts'
import { makeCrew } from './crew.ts'
import { filesBelow, makeHome, type Seat, seatAt } from './seat.ts'

const sessionsOf = (list: unknown) => recordsIn(list).map((each) => stringAt(each, 'session'))

/** What the command prints for people. */
async function printed(seat: Seat, ...argv: readonly string[]): Promise<string> {
  const told = await teleport(seat.machine, argv, { cwd: seat.top })
  return told.stdout + told.stderr
}

test('show, list, review and blame of what two sessions committed, here and where it was only fetched', async (t) => {
  const home = await makeHome(t)
  const ada = await home.sit('ada')
  await ada.run(['hook', 'install'])
  await ada.machine.git(ada.top, 'checkout', '--quiet', '-b', 'feature')
  await work(ada, 1, 'begin', 'a.txt', ['one', 'two'])
  await work(ada, 2, 'help', 'a.txt', ['three'])
  await converse(ada, 1, 'think about it', 'b.txt', 'nothing')
  await work(ada, 1, 'end', 'b.txt', ['four \u001b[31mred'])
  await writeFile(path.join(ada.top, 'c.txt'), 'by hand\n')
  await ada.machine.git(ada.top, 'add', '-A')
  const hook = { GIT_TELEPORT_HOOK: '1' }
  await ada.machine.run('git', ['commit', '--quiet', '-m', 'by hand'], { cwd: ada.top, env: hook })
  await appendFile(path.join(ada.top, 'a.txt'), 'not committed\n')

  const shown = await ada.run(['show', 'HEAD~1'])
  const [part, second] = recordsIn(shown['sessions'])
  t.is(second, undefined)
  t.is(stringAt(part, 'session'), idOf(1))
  const text = stringAt(part, 'conversation') ?? ''
  t.regex(text, /^> please think about it$/m)
  t.regex(text, /^> please end$/m)
  t.notRegex(text, /please begin/)
  const [whole] = recordsIn((await ada.run(['show', 'HEAD~1', '--all']))['sessions'])
  t.regex(stringAt(whole, 'conversation') ?? '', /please begin/)
  t.like(await ada.refused(['show', 'HEAD']), { code: 'no-tie', exitCode: 3 })

  // Not pushed yet, so nobody else knows; then a device that only fetches does.
  for (const n of [1, 2]) await ada.run(['push', idOf(n)])
  await ada.machine.git(ada.top, 'push', '--quiet', 'origin', 'feature')
  const desk = await home.sit('desk')
  await desk.machine.git(desk.top, 'checkout', '--quiet', 'feature')
  t.like(await desk.refused(['show', 'HEAD~1', '--offline']), { code: 'no-tie' })
  for (const seat of [ada, desk]) {
    t.deepEqual(sessionsOf((await seat.run(['list', '--commit', 'HEAD~2']))['sessions']), [idOf(2)])
    const [told] = recordsIn((await seat.run(['show', 'HEAD~1']))['sessions'])
    t.is(stringAt(told, 'conversation'), text, seat.machine.name)
    const review = await seat.run(['review'])
    t.deepEqual(sessionsOf(review['sessions']), [idOf(1), idOf(2)])
    const [first] = recordsIn(review['sessions'])
    t.deepEqual(
      recordsIn(first?.['prompts']).map((each) => stringAt(each, 'text')),
      ['please begin', 'please think about it', 'please end'],
    )
    t.like(review['stat'], { files: 3, insertions: 5, deletions: 0 })
    // From a folder below, and without the remote.
    const { lines } = await seat.run(['blame', 'a.txt', '--offline', '-L', '2,3'])
    t.deepEqual(
      recordsIn(lines).map((line) => [
        stringAt(line, 'text'),
        sessionsOf(line['sessions'])[0],
        stringAt(line, 'prompt'),
      ]),
      [
        ['two', idOf(1), 'please begin'],
        ['three', idOf(2), 'please help'],
      ],
    )
  }
  const blame = await printed(ada, 'blame', 'a.txt')
  t.regex(blame, /^11111111 {3}[0-9a-f]{10} 1\) one$/m)
  t.regex(blame, /^- {10}not yet {4}4\) not committed$/m)
  t.regex(blame, /^22222222 [0-9a-f]{10} exact {6}> please help$/m)
  t.notRegex(await printed(ada, 'blame', 'b.txt'), /\u001b/)
  t.regex(
    await printed(ada, 'log', '-n', '2'),
    /^[0-9a-f]{10} by hand\n[0-9a-f]{10} end\n {4}11111111 exact /,
  )
  t.regex(await printed(ada, 'review'), /without a session:\n {2}[0-9a-f]{10} by hand/)
  // What it remembers of conversations is in the clear, and for nobody else.
  const cache = path.join(ada.top, '.git/teleport/cache')
  const kept = await filesBelow(cache)
  t.true([...kept].some(([name, bytes]) => name.startsWith('outlines/') && bytes.includes('please begin')))
  for (const name of kept.keys()) t.is((await stat(path.join(cache, name))).mode & 0o777, 0o600, name)
  t.is((await stat(path.join(cache, 'outlines'))).mode & 0o777, 0o700)
  t.like(await ada.refused(['blame', 'none.txt']), { code: 'usage' })
  t.like(await ada.refused(['log', 'no-such-branch']), { code: 'no-commit', exitCode: 3 })
  t.like(await ada.refused(['log', '-n', 'many']), { code: 'usage' })
})

test('a tie by hand is seen at once, travels with the next push, and goes the same way', async (t) => {
  const home = await makeHome(t)
  const [ada, desk] = [await home.sit('ada'), await home.sit('desk')]
  await converse(ada, 1, 'do it by hand', 'a.txt', 'a line')
  await ada.run(['push', idOf(1)])
  await work(ada, 2, 'do something', 'a.txt', ['a line'])
  const head = await ada.machine.git(ada.top, 'rev-parse', 'HEAD')
  const behind = async (seat: Seat) => sessionsOf((await seat.run(['list', '--commit', head]))['sessions'])
  const push = async () => {
    await ada.machine.git(ada.top, 'push', '--quiet', 'origin', 'HEAD')
    await ada.run(['push', idOf(1)])
    await desk.machine.git(desk.top, 'fetch', '--quiet')
  }
  t.deepEqual(await behind(ada), [])
  t.like(await ada.run(['attach', idOf(1), '--dry-run']), { commits: [head], dryRun: true })
  t.deepEqual(await behind(ada), [])
  t.like(await ada.run(['attach', '1111']), { session: idOf(1), commits: [head] })
  t.like(await ada.run(['attach', '1111']), { commits: [] })
  t.deepEqual(await behind(ada), [idOf(1)])
  await push()
  t.deepEqual(await behind(desk), [idOf(1)])
  const [part] = recordsIn((await desk.run(['show', head]))['sessions'])
  t.regex(stringAt(part, 'conversation') ?? '', /please do it by hand/)

  t.like(await ada.run(['detach', idOf(1), head]), { commits: [head] })
  t.deepEqual(await behind(ada), [])
  t.like(await ada.refused(['detach', idOf(1), head]), { code: 'no-tie' })
  await push()
  t.deepEqual(await behind(desk), [])
  // A push at this commit does not bring back what was taken away, but `attach` does.
  await converse(ada, 1, 'go on', 'a.txt', 'more')
  await push()
  t.deepEqual(await behind(desk), [])
  await ada.run(['attach', idOf(1), head])
  await push()
  t.deepEqual(await behind(desk), [idOf(1)])
})

test('a name that fits a commit and a session is refused, and both are named', async (t) => {
  const home = await makeHome(t)
  const ada = await home.sit('ada')
  await work(ada, 1, 'begin', 'a.txt', ['one'])
  await inSession(ada, 1, ['branch', '1111'])
  await ada.run(['push', idOf(1)])
  const refused = await ada.refused(['show', '1111'])
  t.like(refused, { code: 'ambiguous-name', exitCode: 2 })
  t.true(refused.hint.includes(idOf(1)))
  t.like(await ada.run(['show', idOf(1), '--stat']), { session: idOf(1) })
  const commit = await ada.machine.git(ada.top, 'rev-parse', 'HEAD')
  t.like(await ada.run(['show', commit, '--stat']), { commit })
})

test('a session for others shows that it exists, by the commit that stands in the clear', async (t) => {
  const home = await makeHome(t)
  const ada = await home.sit('ada')
  await work(ada, 1, 'keep it to yourself', 'a.txt', ['one'])
  await ada.run(['push', idOf(1)])
  await ada.machine.git(ada.top, 'push', '--quiet', 'origin', 'HEAD')
  const guest = await home.sandbox.machine('guest')
  const bob = seatAt(guest, await checkout(guest, home.remote, 'app'))
  await bob.run(['init'])
  const { publicKey } = await ada.run(['key', 'show'])
  await bob.run(['key', 'trust', '--yes', String(publicKey)])
  const log = await printed(bob, 'log', '-n', '1')
  t.regex(
    log,
    /^[0-9a-f]{10} keep it to yourself\n {4}session 11111111 exists; you are not among its readers$/m,
  )
  t.regex(await printed(bob, 'show', 'HEAD'), /session 11111111 exists; you are not among its readers/)
  t.like(await bob.run(['review', 'HEAD~1..HEAD', '--offline']), {
    sessions: [{ session: idOf(1), state: 'sealed', title: null }],
  })
  const { lines } = await bob.run(['blame', 'a.txt', '--offline'])
  t.deepEqual(
    recordsIn(lines).map((line) => [sessionsOf(line['sessions'])[0], line['prompt']]),
    [[idOf(1), null]],
  )
})

test('a teammate who only fetched sees whose sessions are behind a commit, and that one exists which is not theirs', async (t) => {
  const crew = await makeCrew(t)
  const [ada, bob] = [await crew.sit('ada'), await crew.sit('bob')]
  await crew.appoint([ada, bob])
  await ada.run(['hook', 'install'])
  await ada.machine.git(ada.top, 'checkout', '--quiet', '-b', 'feature')
  await work(ada, 1, 'share this', 'a.txt', ['one', 'two'])
  await work(ada, 2, 'keep this', 'a.txt', ['three'])
  await ada.run(['push', idOf(1), '--yes'])
  await ada.run(['push', idOf(2), '--to', 'me'])
  await ada.machine.git(ada.top, 'push', '--quiet', 'origin', 'feature')
  await bob.machine.git(bob.top, 'fetch', '--quiet')
  await bob.machine.git(bob.top, 'checkout', '--quiet', 'feature')
  await bob.run(['fetch'])

  // What is not for him comes with the first question, since nobody can tell its size; then it is here as well.
  for (const how of [[], ['--offline']]) {
    const [second, first] = recordsIn((await bob.run(['log', '-n', '2', ...how]))['commits'])
    const shared = { session: idOf(1), author: 'ada@example.org', readable: true, how: 'exact' }
    t.like(recordsIn(first?.['sessions'])[0], shared)
    const kept = { session: idOf(2), author: '', title: null, readable: false }
    t.like(recordsIn(second?.['sessions'])[0], kept)
    const { lines } = await bob.run(['blame', 'a.txt', ...how])
    t.deepEqual(
      recordsIn(lines).map((line) => [sessionsOf(line['sessions'])[0], line['prompt']]),
      [
        [idOf(1), 'please share this'],
        [idOf(1), 'please share this'],
        [idOf(2), null],
      ],
    )
    const { sessions } = await bob.run(['review', 'HEAD~2..HEAD', ...how])
    t.deepEqual(
      recordsIn(sessions).map((each) => [each['session'], each['author'], each['state']]),
      [
        [idOf(1), 'ada@example.org', 'read'],
        [idOf(2), '', 'sealed'],
      ],
    )
    const commits = ['HEAD~1', 'HEAD'].map((commit) => printed(bob, 'show', commit, ...how))
    const [open = '', sealed = ''] = await Promise.all(commits)
    t.regex(open, /ada@example\.org/)
    t.regex(open, /please share this/)
    t.regex(sealed, /session 22222222 exists; you are not among its readers/)
    t.notRegex(sealed, /keep this\n.*please/s)
  }
  t.regex(
    await printed(bob, 'log', '-n', '2'),
    /^[0-9a-f]{10} keep this\n {4}session 22222222 exists; you are not among its readers\n[0-9a-f]{10} share this\n {4}11111111 exact .*ada@example\.org/,
  )
  t.regex(
    await printed(bob, 'review', 'HEAD~2..HEAD'),
    /session 22222222 exists; you are not among its readers/,
  )
})
