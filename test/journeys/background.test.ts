/** Background sessions of a stand-in for the client: whatever gets in their way, ps tells it and nothing is lost. */

import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { endClient, startHeadless } from '../../src/claude/headless.ts'
import { isOver, killTree, makeDesk, processesOf } from '../support/background.ts'
import { cli } from '../support/cli.ts'
import { teleport } from '../support/in-process.ts'
import { dig, isRecord, parseJson, recordsIn, stringAt } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { makeStandInClient } from '../support/stand-in-client.ts'
import { answerOf, hook } from './client-hooks.ts'

async function sit(t: ExecutionContext) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const ada = await sandbox.machine('ada')
  const top = await checkout(ada, remote, 'project')
  const desk = await makeDesk(t, ada, top, await makeStandInClient(ada), insideOfASession)
  await desk.say('init')
  const go = () => writeFile(path.join(ada.home, 'go'), '')
  return { sandbox, remote, ada, top, desk, go }
}

/** As a hook of git, in a tool call of a client, has it. */
const insideOfASession = {
  CLAUDECODE: '1',
  CLAUDE_CODE_SESSION_ID: '00000000-0000-4000-8000-000000000000',
  CLAUDE_CODE_CHILD_SESSION: '1',
  CLAUDE_PID: '1',
  CLAUDE_JOB_DIR: '/nonexistent',
  GIT_AUTHOR_DATE: '2001-01-01T00:00:00Z',
  GIT_REFLOG_ACTION: 'kept',
}

const isWaiting = (run: Parameters<typeof isOver>[0]) => stringAt(run, 'lastTool') === '[Wait]'

test('what could not be sent waits for stop, and the session knows nothing of the one around it', async (t) => {
  const { remote, ada, top, desk } = await sit(t)
  const session = await desk.start(
    '--',
    '-x says nothing\nwrite a.txt one\nsh mv "$HOME/../../remote.git" "$HOME/../../away"',
  )
  const id = session.slice(0, 8)
  const run = await desk.until(session, isOver)
  t.like(run, {
    state: 'done',
    committed: 'done',
    branchPushed: 'failed',
    sessionPushed: 'failed',
    next: `git teleport stop ${id}`,
  })
  t.regex(stringAt(run, 'why') ?? '', /^the branch is not pushed: branch run\/.* did not reach origin/)
  const seen = parseJson(await readFile(path.join(ada.home, 'seen.json'), 'utf8'))
  t.regex(stringAt(seen, 'prompt') ?? '', /^-x says nothing\n/)
  t.deepEqual(dig(seen, 'args'), [
    '-p',
    '--session-id',
    session,
    '--output-format',
    'stream-json',
    '--verbose',
    '--permission-mode=acceptEdits',
  ])
  for (const name of Object.keys(insideOfASession))
    t.is(stringAt(seen, 'env', name), name === 'GIT_REFLOG_ACTION' ? 'kept' : undefined, name)
  const folder = path.join(top, '.git/teleport/runs', session)
  for (const name of ['log.jsonl', 'errors.txt', 'run.json'])
    t.is((await stat(path.join(folder, name))).mode & 0o777, 0o600)

  const failed = await cli(ada, ['stop', id], { cwd: top, env: desk.env })
  t.is(failed.exitCode, 1)
  const told = async () =>
    answerOf(await hook({ machine: ada, top }, 'session-start', { source: 'startup' })).shown
  t.regex(
    await told(),
    new RegExp(
      `^git-teleport: background session ${id} waits for you: the branch is not pushed: .*; try: git teleport stop ${id}$`,
    ),
  )
  t.is(stringAt(await desk.ask('pull', id), 'error', 'hint')?.split('   ')[0], `git teleport stop ${id}`)
  t.regex(await desk.say('ps', '--prune'), new RegExp(`^nothing to clear\\n${id}  stays: not all of it`))
  await rename(path.join(path.dirname(remote), 'away'), remote)
  t.like(await desk.ask('stop', id), {
    state: 'ended',
    finished: { committed: 'nothing', branchPushed: 'done', sessionPushed: 'done', problem: null },
  })
  t.is(await told(), '')
  t.notRegex(await ada.git(remote, 'log', '-1', '--format=%as', `run/${id}`), /^2001/)
  t.like(await desk.ask('pull', id), {
    session,
    state: 'same',
    files: 1,
    run: { branch: `run/${id}`, hasCommits: true, worktree: null },
  })
})

test('what somebody else pushed to its branch meanwhile is not pushed over', async (t) => {
  const { remote, ada, top, desk, go } = await sit(t)
  const session = await desk.start('write a.txt one\nwait')
  const id = session.slice(0, 8)
  await desk.until(session, isWaiting)
  const tree = await ada.git(top, 'rev-parse', 'main^{tree}')
  const theirs = await ada.git(top, 'commit-tree', tree, '-p', 'main', '-m', 'theirs')
  await ada.git(top, 'push', '--quiet', 'origin', `${theirs}:refs/heads/run/${id}`)
  await go()
  t.like(await desk.until(session, isOver), {
    state: 'done',
    committed: 'done',
    branchPushed: 'failed',
    sessionPushed: 'done',
    next: `git teleport stop ${id}`,
  })
  t.is(await ada.git(remote, 'rev-parse', `run/${id}`), theirs)
  // Nor by hand.
  t.like(await desk.ask('stop', id), { state: 'ended', finished: { branchPushed: 'failed' } })
  t.is(await ada.git(remote, 'rev-parse', `run/${id}`), theirs)
})

test('what a hook refuses stays in the work tree, through pull and prune, until it is committed', async (t) => {
  const { remote, ada, top, desk } = await sit(t)
  const hook = path.join(top, '.git/hooks/pre-commit')
  await writeFile(hook, '#!/bin/sh\necho not this >&2\nexit 1\n', { mode: 0o755 })
  const session = await desk.start('--branch', 'mine', '--name', 'What I said', 'write a.txt one')
  const run = await desk.until(session, isOver)
  t.like(run, { state: 'done', committed: 'failed', branchPushed: 'nothing', sessionPushed: 'done' })
  t.regex(stringAt(run, 'why') ?? '', /not this/)
  const worktree = stringAt(run, 'worktree') ?? ''
  t.like(await desk.ask('pull', session), { run: { worktree } })
  t.regex(await desk.say('ps', '--prune'), /stays: it has 1 changed or untracked paths/)
  t.is(await readFile(path.join(worktree, 'a.txt'), 'utf8'), 'one\n')
  await rm(hook)
  t.like(await desk.ask('stop', session), {
    finished: { committed: 'done', branchPushed: 'done', problem: null },
  })
  t.is(await ada.git(remote, 'log', '-1', '--format=%s', 'mine'), 'What I said')
  t.regex(await desk.say('log', 'main..mine'), new RegExp(session.slice(0, 8)))
  t.regex(await desk.say('ps', '--prune'), /^cleared /)
  await t.throwsAsync(access(worktree))
})

test('a work tree that is deleted meanwhile, and a HEAD that leaves its branch, are told', async (t) => {
  const { ada, top, desk } = await sit(t)
  const gone = await desk.start(
    'sh git commit --allow-empty -m "made before"\nwrite a.txt one\nsh cd / && rm -r "$OLDPWD"',
  )
  const first = await desk.until(gone, isOver)
  t.like(first, { state: 'done', committed: 'nothing', branchPushed: 'done', sessionPushed: 'done' })
  t.is(await ada.git(top, 'log', '-1', '--format=%s', `run/${gone.slice(0, 8)}`), 'made before')
  await ada.run('chmod', ['644', path.join(ada.folder, 'stand-in/claude')])
  t.is(stringAt(await desk.ask('run', 'x'), 'error', 'code'), 'no-agent')
  await writeFile(path.join(ada.folder, 'stand-in/claude'), '#!/nonexistent/node\n')
  await ada.run('chmod', ['755', path.join(ada.folder, 'stand-in/claude')])
  const unstartable = await desk.start('x')
  const third = await desk.until(unstartable, isOver)
  t.like(third, {
    state: 'failed',
    sessionPushed: 'nothing',
    next: `git teleport run --resume ${unstartable.slice(0, 8)}`,
  })
  t.regex(stringAt(third, 'why') ?? '', /^ENOENT while starting /)
  await makeStandInClient(ada)
  const strayed = await desk.start('sh git switch --detach\nwrite b.txt two')
  const second = await desk.until(strayed, isOver)
  t.like(second, { committed: 'failed', sessionPushed: 'done' })
  t.regex(stringAt(second, 'why') ?? '', /HEAD in .* has left run\//)
  t.regex(await desk.say('ps', '--prune'), /^cleared .* .*\n[0-9a-f]{8} {2}stays: not all/)
  await ada.git(stringAt(second, 'worktree') ?? '', 'switch', '--quiet', `run/${strayed.slice(0, 8)}`)
  t.like(await desk.ask('stop', strayed), { finished: { committed: 'done', problem: null } })
})

test('stop asks, then forces; what there is by then is committed and sent, and run --resume goes on', async (t) => {
  const { remote, ada, desk, go } = await sit(t)
  const session = await desk.start('write a.txt one\nwait\nwrite b.txt two')
  await desk.until(session, isWaiting)
  t.is(stringAt(await desk.ask('run', '--resume', session, 'more'), 'error', 'code'), 'session-live')
  t.is(stringAt(await desk.ask('pull', session), 'error', 'code'), 'session-live')
  t.is(stringAt(await desk.ask('uninstall', '--yes'), 'error', 'code'), 'session-live')
  t.like(await desk.ask('stop', session.slice(0, 8)), {
    session,
    state: 'stopped',
    forced: false,
    attended: true,
  })
  const run = await desk.until(session, isOver)
  t.like(run, {
    state: 'stopped',
    why: 'it was told to stop',
    committed: 'done',
    branchPushed: 'done',
    sessionPushed: 'done',
  })
  t.like(await desk.ask('stop', session), { state: 'ended' })
  t.is(await ada.git(remote, 'ls-tree', '--name-only', `run/${session.slice(0, 8)}`), 'README.md\na.txt')
  await go()
  t.like(await desk.ask('run', '--resume', session, '--model', 'other', 'write c.txt three'), {
    resumed: true,
  })
  t.like(await desk.until(session, isOver), { state: 'done', turns: 2 })
  t.regex(await ada.git(remote, 'ls-tree', '--name-only', `run/${session.slice(0, 8)}`), /c\.txt/)
  const args = dig(parseJson(await readFile(path.join(ada.home, 'seen.json'), 'utf8')), 'args')
  t.deepEqual(args, [
    '-p',
    '--resume',
    session,
    '--output-format',
    'stream-json',
    '--verbose',
    '--permission-mode=acceptEdits',
    '--model=other',
  ])
})

test('when only the process beside it is killed, the client works on, and stop does the rest', async (t) => {
  const { top, desk } = await sit(t)
  const session = await desk.start('write a.txt one\nwait')
  await desk.until(session, isWaiting)
  const [supervisor = 0] = await processesOf(top, session)
  process.kill(supervisor, 'SIGKILL')
  const run = await desk.until(session, (each) => stringAt(each, 'why') !== undefined)
  t.is(stringAt(run, 'state'), 'running')
  t.regex(stringAt(run, 'why') ?? '', /^the process beside it was killed/)
  t.like(await desk.ask('stop', session), {
    state: 'stopped',
    attended: false,
    finished: { committed: 'done', branchPushed: 'done', sessionPushed: 'done', problem: null },
  })
  t.like(await desk.until(session, isOver), { state: 'stopped', why: 'it was told to stop' })
  const other = await desk.start('write b.txt two\nwait')
  await desk.until(other, isWaiting)
  for (const pid of await processesOf(top, other)) await killTree(pid)
  await desk.until(other, isOver)
  t.like(await desk.ask('stop', other.slice(0, 8)), { state: 'ended', finished: { problem: null } })
})

test('what the client says is harmless on a terminal, and told as it was with --raw', async (t) => {
  const { ada, top, desk } = await sit(t)
  const evil =
    '{"type":"assistant","message":{"id":"e","content":[{"type":"text","text":"\\u001b]0;owned\\u0007\\u001b[2Jhello\\u202e"}]}}'
  const key = await readFile(path.join(ada.home, '.config/git-teleport/id_ed25519'), 'utf8')
  const asked = ['run', '--json', '--no-push', `raw ${evil}\nraw no JSON \u001b[31mat all\nexit 3`]
  const env = { ...desk.env, GIT_TELEPORT_IDENTITY: key }
  const session = stringAt((await cli(ada, asked, { cwd: top, env })).json(), 'session') ?? ''
  const run = await desk.until(session, isOver)
  t.like(run, {
    state: 'failed',
    why: 'the client ended with 3',
    lastError: 'it went wrong',
    committed: 'nothing',
    branchPushed: 'off',
    sessionPushed: 'off',
  })
  t.false((await readFile(path.join(ada.home, 'seen.json'), 'utf8')).includes('GIT_TELEPORT_IDENTITY'))
  const shown = await desk.say('logs', session)
  t.notRegex(`${shown}${await desk.say('ps')}`, /[^\P{C}\n]/u)
  t.regex(shown, /hello\n[\s\S]*no JSON at all/)
  t.true((await desk.say('logs', '--raw')).includes(evil))
  t.regex(stringAt(await desk.ask('logs', '-f', session), 'conversation') ?? '', /^> raw/)
})

test('where it cannot start it says why, and leaves nothing behind', async (t) => {
  const { sandbox, ada, top, desk } = await sit(t)
  const code = async (...argv: readonly string[]) => stringAt(await desk.ask('run', ...argv), 'error', 'code')
  const branches = () => ada.git(top, 'for-each-ref', '--format=%(refname)')
  const before = await branches()
  t.is(await code(), 'usage')
  t.is(await code(' '), 'usage')
  t.is(await code('--branch', 'main', 'x'), 'usage')
  t.is(await code('--branch', '-x..y', 'x'), 'usage')
  t.is(await code('--resume', '12345678', 'x'), 'no-session')
  t.is(await code('--to', 'nobody@example.org', 'x'), 'unknown-member')
  const dry = await desk.ask('run', '--dry-run', 'x')
  t.like(dry, { dryRun: true, leftOut: 0, unpushed: 0 })
  t.is(
    Object.keys(isRecord(dry) ? dry : {}).join(' '),
    'version session branch worktree base log resumed dryRun leftOut unpushed next',
  )
  await ada.git(top, 'config', 'teleport.run.allowed', 'ssh://build.example.org/*')
  t.is(await code('x'), 'not-allowed')
  await ada.git(top, 'config', 'teleport.run.allowed', 'here')
  // A disk that takes nothing more, as far as git can tell.
  const data = path.join(ada.home, '.local/share/git-teleport')
  await mkdir(path.dirname(data), { recursive: true })
  await writeFile(data, '')
  t.is(await code('x'), 'failed')
  await rm(data)
  const elsewhere = await teleport(ada, ['run', '--json', 'x'], {
    cwd: top,
    env: { PATH: '/nonexistent:/usr/bin:/bin' },
  })
  t.is(stringAt(elsewhere.json(), 'error', 'code'), 'no-agent')
  t.is(await branches(), before)
  t.is((await ada.git(top, 'worktree', 'list')).split('\n').length, 1)
  t.deepEqual(await readdir(path.join(top, '.git/teleport/runs')).catch(() => []), [])
  t.deepEqual(await readdir(path.join(data, 'worktrees')).catch(() => []), [])
  t.deepEqual(recordsIn(dig(await desk.ask('ps', '--all'), 'runs')), [])
  t.is(stringAt(await desk.ask('logs'), 'error', 'code'), 'no-session')
  t.is(stringAt(await desk.ask('stop', '12345678'), 'error', 'code'), 'no-session')

  const empty = path.join(ada.home, 'empty')
  await ada.git(sandbox.folder, 'clone', '--quiet', await sandbox.bareRemote('nothing'), empty)
  const unborn = await cli(ada, ['run', '--json', 'x'], { cwd: empty, env: desk.env })
  t.is(stringAt(unborn.json(), 'error', 'code'), 'no-commit')
})

test('a client that does not end when it is asked to is ended, with everything that it started', async (t) => {
  const ada = await (await makeSandbox(t)).machine('ada')
  const output = path.join(ada.home, 'out')
  const { pid = 0 } = await startHeadless({
    program: await makeStandInClient(ada),
    session: '5b1e3f2a-91c4-4d6f-9a37-0123456789ab',
    resumes: false,
    options: [],
    cwd: ada.home,
    env: ada.env,
    // A group of its own, as the client gives its tools.
    prompt: 'deaf\nspawn echo $$ >tool; exec sleep 600\nwait',
    stdout: output,
    stderr: output,
  })
  const isThere = async (name: string) =>
    (await readFile(path.join(ada.home, name), 'utf8').catch(() => '')).includes('\n')
  const hasEnded = (tool: number) =>
    readFile(`/proc/${tool}/stat`, 'latin1').then(
      (text) => / [ZX] /.test(text),
      () => true,
    )
  const until = async (isSo: () => Promise<boolean>) => {
    for (const deadline = performance.now() + 30_000; !(await isSo()); await delay(30))
      if (performance.now() > deadline) throw new Error('it never came')
  }
  await until(() => isThere('tool'))
  await until(async () => /"Wait"/.test(await readFile(output, 'utf8')))
  t.true(await endClient(pid, 200))
  const tool = Number(await readFile(path.join(ada.home, 'tool'), 'utf8'))
  await until(async () => (await hasEnded(pid)) && (await hasEnded(tool)))
  t.false(await endClient(pid, 200), 'nothing is left to end')
})
