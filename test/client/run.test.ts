/** The real client in the background: two at once, the terminal closed, everything killed; then brought back and resumed. */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseSessionId } from '../../src/model.ts'
import { scriptedPrompt, type ToolCall } from '../support/api-script.ts'
import { type Desk, isOver, killTree, makeDesk, processesOf } from '../support/background.ts'
import { clientEnvironment, prepareClientHome } from '../support/claude-client.ts'
import { cliDone } from '../support/cli.ts'
import { teleport } from '../support/in-process.ts'
import { dig, recordsIn, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, must } from '../support/sandbox.ts'
import { startOnScreen } from '../support/tmux.ts'
import { type ClientWorld, openClientWorld, transcriptOf } from './client-world.ts'
import { missingFrom } from './real-session.ts'

/** Ends as soon as the file `go` lies in the home, so that a test can look at it while it runs. */
const waiter = `const fs = require('node:fs'), file = process.env.HOME + '/go'
const look = () => fs.existsSync(file) ? console.log('went on') : setTimeout(look, 50)
look()
`

async function sit(t: ExecutionContext, world: ClientWorld) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const ada = await sandbox.machine('ada')
  const top = await checkout(ada, remote, 'work/project')
  await writeFile(path.join(top, 'sum.js'), 'exports.sum = (a, b) => a - b\n')
  await writeFile(path.join(top, 'check.js'), "if (require('./sum.js').sum(2, 2) !== 4) throw 'wrong'\n")
  await writeFile(path.join(top, 'wait.js'), waiter)
  await ada.git(top, 'add', '.')
  await ada.git(top, 'commit', '--quiet', '--message', 'a sum that is wrong')
  await ada.git(top, 'push', '--quiet')
  await prepareClientHome(ada, [top])
  const desk = await makeDesk(t, ada, top, world.program, clientEnvironment(world.api.url))
  await desk.say('init')
  const go = () => writeFile(path.join(ada.home, 'go'), '')
  return { sandbox, remote, ada, top, desk, go }
}

const bash = (command: string): ToolCall => ({ name: 'Bash', input: { command, description: 'do it' } })
const allowed = 'Bash(node *),Bash(git add *),Bash(git commit *)'

/** Reads and edits a file, waits to be seen, runs the tests, commits. */
const fixTheSum = scriptedPrompt('fix the sum', [
  [{ name: 'Read', input: { file_path: 'sum.js' } }],
  [{ name: 'Edit', input: { file_path: 'sum.js', old_string: 'a - b', new_string: 'a + b' } }],
  [bash('node wait.js')],
  [bash('node check.js')],
  [bash('git commit --quiet --all --message "add instead"')],
])

/** Leaves what it wrote uncommitted. */
const writeNotes = scriptedPrompt('write notes', [
  [{ name: 'Write', input: { file_path: 'NOTES.md', content: 'a note\n' } }],
  [bash('node wait.js')],
  [{ name: 'Write', input: { file_path: 'MORE.md', content: 'another\n' } }],
])

const waits = (run: Parameters<typeof isOver>[0]) => /node wait\.js/.test(stringAt(run, 'lastTool') ?? '')

test.serial('two work side by side while the terminal closes, and one is pulled and resumed', async (t) => {
  const world = await openClientWorld(t)
  if (world === undefined) return
  const { sandbox, remote, ada, top, desk, go } = await sit(t, world)
  const bob = await sandbox.machine('bob')
  const there = await checkout(bob, remote, 'elsewhere')
  await trustEachOther([ada, top], [bob, there])
  await writeFile(path.join(top, 'sum.js'), 'half a thought\n')

  const screen = await startOnScreen(ada, ['bash', '--norc'], { cwd: top, env: desk.env })
  t.teardown(screen.close)
  await writeFile(path.join(ada.home, 'one.txt'), fixTheSum)
  await writeFile(path.join(ada.home, 'two.txt'), writeNotes)
  const line = (file: string) => `git teleport run --allowed-tools '${allowed}' -- "$(cat ~/${file})"`
  await screen.type(`${line('one.txt')}; ${line('two.txt')}`)
  await screen.press('Enter')
  const shown = await screen.waitFor(
    (now) => (now.match(/git teleport pull [0-9a-f]{8}/g) ?? []).length === 2,
  )
  t.regex(shown, /1 changed path here is not part of it/)
  const ids = [...shown.matchAll(/git teleport pull ([0-9a-f]{8})/g)].flatMap((found) => found.slice(1))
  await screen.close()

  const listed = recordsIn(dig(await desk.ask('ps'), 'runs'))
  const sessions = ids.map(
    (id) =>
      stringAt(
        listed.find((run) => stringAt(run, 'session')?.startsWith(id)),
        'session',
      ) ?? '',
  )
  const [fixer = '', noter = ''] = sessions
  for (const session of sessions) {
    const run = await desk.until(session, waits)
    t.like(run, { state: 'running', ended: null, turns: session === fixer ? 3 : 2 })
  }
  t.regex(
    await desk.say('logs', fixer),
    /^> fix the sum[\s\S]*\[Edit\] [\s\S]*sum\.js[\s\S]*\+ ?exports\.sum = \(a, b\) => a \+ b/,
  )
  await go()
  const followed = await desk.say('logs', '-f', fixer)
  t.regex(followed, /\[Bash\] git commit[\s\S]*Understood: fix the sum[\s\S]*-- ended: success/)
  for (const session of sessions) {
    const run = await desk.until(session, isOver)
    t.like(run, {
      state: 'done',
      branchPushed: 'done',
      sessionPushed: 'done',
      next: `git teleport pull ${session.slice(0, 8)}`,
    })
    t.is(stringAt(run, 'committed'), session === fixer ? 'nothing' : 'done')
    t.true(Number(dig(run, 'costUsd')) > 0)
    t.true(Number(dig(run, 'tokens', 'output')) > 0)
    t.is(stringAt(run, 'tip'), await ada.git(remote, 'rev-parse', `run/${session.slice(0, 8)}`))
  }
  t.is(await ada.git(remote, 'show', `run/${fixer.slice(0, 8)}:sum.js`), 'exports.sum = (a, b) => a + b')
  t.is(
    await ada.git(remote, 'ls-tree', '--name-only', `run/${noter.slice(0, 8)}`, 'NOTES.md', 'MORE.md'),
    'MORE.md\nNOTES.md',
  )
  t.is(
    await ada.git(remote, 'log', '-1', '--format=%an %ae, %cn %ce: %s', `run/${noter.slice(0, 8)}`),
    `ada ada@example.org, ada ada@example.org: Work of background session ${noter.slice(0, 8)}`,
  )
  t.is(await readFile(path.join(top, 'sum.js'), 'utf8'), 'half a thought\n', 'the checkout is as it was')

  t.regex(await desk.say('pull', noter), /git merge run\//)
  await ada.git(top, 'checkout', '--quiet', '--', '.')
  t.regex(await desk.say('pull', '--checkout', fixer), /on branch run\//)
  t.is(await ada.git(top, 'rev-parse', '--abbrev-ref', 'HEAD'), `run/${fixer.slice(0, 8)}`)
  t.is((await ada.git(top, 'worktree', 'list', '--porcelain')).match(/^worktree /gm)?.length, 1)
  t.is(
    path.basename(path.dirname(await transcriptOf(ada, parseSessionId(fixer)))),
    top.replace(/[^A-Za-z0-9]/g, '-'),
  )
  await resume(t, world, desk, fixer, ['fix the sum', 'is it done'])
  t.regex(await desk.say('blame', 'sum.js'), new RegExp(fixer.slice(0, 8)))
  t.is(await desk.say('ps'), '')
  t.regex(await desk.say('ps', '--prune'), /^cleared /)

  await cliDone(bob, ['pull', '--checkout', noter], { cwd: there })
  t.is(await readFile(path.join(there, 'MORE.md'), 'utf8'), 'another\n')
  t.is(await bob.git(there, 'rev-parse', '--abbrev-ref', 'HEAD'), `run/${noter.slice(0, 8)}`)
})

async function trustEachOther(...seats: readonly (readonly [Machine, string])[]): Promise<void> {
  const keys = await Promise.all(
    seats.map(async ([machine, cwd]) => {
      await cliDone(machine, ['init'], { cwd })
      const told = await cliDone(machine, ['key', 'show', '--json'], { cwd })
      return (stringAt(told.json(), 'publicKey') ?? '').split(' ').slice(0, 2).join(' ')
    }),
  )
  for (const [at, [machine, cwd]] of seats.entries())
    await cliDone(machine, ['key', 'trust', '--yes', keys[1 - at] ?? ''], { cwd })
}

/** The client of a person, in the checkout: it must know what was said. */
async function resume(
  t: ExecutionContext,
  world: ClientWorld,
  { machine, top, env }: Desk,
  session: string,
  said: readonly string[],
) {
  const last = said.at(-1) ?? ''
  const ran = await machine.run(world.program, ['-p', '--resume', session], { cwd: top, env, stdin: last })
  t.is(must(ran, 'claude --resume').stdout.trim(), `Understood: ${last}`)
  t.deepEqual(missingFrom(world.api.requests.at(-1), said), [])
}

test.serial('after everything was killed ps tells it, and run --resume goes on where it was', async (t) => {
  const world = await openClientWorld(t)
  if (world === undefined) return
  const { ada, top, desk, remote, go } = await sit(t, world)
  const session = await desk.start('--allowed-tools', allowed, '--', writeNotes)
  await desk.until(session, waits)
  const pids = await processesOf(top, session)
  t.is(pids.length, 2)
  for (const pid of pids) await killTree(pid)
  const id = session.slice(0, 8)
  const run = await desk.until(session, isOver)
  t.like(run, {
    state: 'stopped',
    why: 'its processes were killed',
    next: `git teleport run --resume ${id}`,
    committed: 'waiting',
  })
  const elsewhen = await teleport(ada, ['ps'], { cwd: top, system: { bootId: async () => 'another-boot' } })
  t.regex(
    elsewhen.stdout,
    new RegExp(
      `^${id}  stopped .*\\n${id}  the machine was restarted\\n${id}  git teleport run --resume ${id}$`,
      'm',
    ),
  )
  t.is(stringAt(await desk.ask('pull', session), 'error', 'code'), 'no-remote-session')

  await go()
  const again = await desk.ask('run', '--resume', id)
  t.like(again, { session, resumed: true, branch: `run/${id}` })
  t.like(await desk.until(session, isOver), { state: 'done', committed: 'done', sessionPushed: 'done' })
  t.deepEqual(
    missingFrom(world.api.requests.at(-1), ['write notes', 'Go on where you were interrupted.']),
    [],
  )
  t.is(
    await ada.git(remote, 'show', `run/${id}:NOTES.md`),
    'a note',
    'what was written before the end is not lost',
  )
})
