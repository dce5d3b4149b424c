/** What `to` refuses before anything is sent, and what it makes of targets that misbehave. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { openClient } from '../journeys/open-client.ts'
import { type Failure, goOn, type Seat, session, tell } from '../journeys/seat.ts'
import { programFile } from '../support/cli.ts'
import type { InProcessOptions } from '../support/in-process.ts'
import { dig, recordsIn, stringAt } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { addProgram, placeAt, standInForDocker } from './places.ts'

interface Teardown {
  teardown(end: () => Promise<void>): void
}

/** A laptop with a session, and a container that a stand-in for docker reaches. */
async function laptopAndContainer(t: Teardown) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const here = await placeAt(sandbox, 'laptop', remote, 'code/app')
  const inside = await placeAt(sandbox, 'inside', remote, 'app')
  await standInForDocker(here.machine, 'box', inside.machine)
  const tale = await tell(here)
  return { sandbox, here, inside, tale, target: `docker://box${inside.top}` }
}

const endings: (() => Promise<void>)[] = []
test.after.always(async () => {
  for (const end of endings) await end()
})
let world: ReturnType<typeof laptopAndContainer> | undefined

/** One of them for the tests that send nothing. */
function shared(): ReturnType<typeof laptopAndContainer> {
  world ??= laptopAndContainer({ teardown: (end) => void endings.push(end) })
  return world
}

/** Nothing of the session has left: neither in the repository that the target lends, nor in its Claude folder. */
async function nothingThere(t: ExecutionContext, inside: Seat): Promise<void> {
  await nothingLent(t, inside)
  const found = await inside.machine.run('find', [inside.machine.config, '-name', `${session}*`])
  t.is(found.stdout, '')
}

async function nothingLent(t: ExecutionContext, inside: Seat): Promise<void> {
  const box = path.join(inside.top, '.git/teleport/direct')
  const lists = await inside.machine.run('git', ['--git-dir', box, 'for-each-ref', 'refs/teleport/sessions/'])
  t.is(lists.stdout, '')
}

test('a target whose device is nobody’s is refused, with what to type, until it is trusted', async (t) => {
  const { here, inside, target } = await laptopAndContainer(t)
  const mine =
    stringAt(await here.run(['key', 'show']), 'publicKey')
      ?.split(' ')
      .slice(0, 2)
      .join(' ') ?? ''
  const theirs =
    stringAt(await inside.run(['key', 'show']), 'publicKey')
      ?.split(' ')
      .slice(0, 2)
      .join(' ') ?? ''
  // Rules for remotes hold where there are none for targets.
  await here.machine.git(here.top, 'config', 'teleport.allowedRemote', 'https://git.example.org/*')
  const forbidden = await here.refused(['to', target, '--trust'])
  t.regex(
    forbidden.message,
    /^teleport\.allowedRemote in your git configuration does not name docker:\/\/box\//,
  )
  await here.machine.git(here.top, 'config', '--unset', 'teleport.allowedRemote')
  const refused = await here.refused(['to', target])
  t.like(refused, { exitCode: 4, code: 'not-a-reader' })
  t.true(refused.hint.includes(`git teleport key trust "${theirs}"`))
  t.true(refused.hint.includes(`there: git teleport key trust "${mine}"`))
  await nothingThere(t, inside)
  const plan = await here.run(['to', target, '--dry-run'])
  t.deepEqual(
    recordsIn(plan['checks']).map(({ name, level }) => `${name} ${level}`),
    [
      'git-teleport ok',
      'repository ok',
      'commit ok',
      'work tree ok',
      'session ok',
      'claude ok',
      'device warning',
    ],
  )
  t.is(plan['sent'], null)
  await nothingThere(t, inside)
  await here.run(['to', target, '--yes'])
  t.deepEqual(recordsIn((await inside.run(['key', 'show']))['others']).length, 1)
  t.like(await here.run(['to', target]), { state: 'same' })
  const later = () => new Date(Date.now() + 60 * 24 * 3600_000)
  t.like(recordsIn((await inside.run(['prune'], { now: later }))['sessions'])[0], { session })
  await nothingLent(t, inside)
})

test.serial('what a policy does not name is no target, whoever says so', async (t) => {
  const { here, inside, target } = await shared()
  const set = (key: string, value: string) => here.machine.git(here.top, 'config', key, value)
  const said = async (to: string, more: Partial<InProcessOptions> = {}) => {
    const { exitCode, code, message } = await here.refused(['to', to, '--trust'], more)
    return [exitCode, code, message]
  }
  const notNamed = (who: string, place: string) => [
    6,
    'not-allowed',
    `teleport.to.allowed in ${who} does not name ${place}`,
  ]
  const ssh = 'ssh://ada@build.example.org/app'
  const place = 'ssh://build.example.org/app'

  await mkdir(path.join(here.top, '.teleport'))
  await writeFile(path.join(here.top, '.teleport/config'), '[teleport "to"]\n\tallowed = docker://*\n')
  await here.machine.git(here.top, 'add', '.teleport')
  await here.machine.git(here.top, 'commit', '--quiet', '--message', 'rules')
  await here.machine.git(here.top, 'push', '--quiet', 'origin', 'HEAD')
  await inside.machine.git(inside.top, 'pull', '--quiet')
  // Nobody has looked at the remote from here yet, so that it is asked.
  t.is((await said(target))[1], 'policy-not-accepted')
  await here.run(['policy', '--trust-policy', await here.machine.git(here.top, 'rev-parse', 'HEAD')])
  t.deepEqual(await said(ssh), notNamed('the policy of the repository', place))
  await set('teleport.to.allowed', '*')
  t.deepEqual(await said(ssh), notNamed('the policy of the repository', place))
  await set('teleport.target.dev', target)
  t.is(dig(await here.run(['to', 'dev', '--dry-run']), 'target', 'name'), target)
  t.like(await here.refused(['to', 'prod']), { exitCode: 2, code: 'usage' })

  const policyFile = path.join(here.machine.folder, 'policy')
  await writeFile(policyFile, '[teleport "to"]\n\tallowed = here\n', { mode: 0o644 })
  const system = { policyFile, policyOwner: process.getuid?.() ?? null }
  t.deepEqual(
    await said(target, { system }),
    notNamed('the managed policy of this machine', `docker://box${inside.top}`),
  )
  await nothingThere(t, inside)
})

test.serial('another repository, a missing folder and a missing container are refused', async (t) => {
  const { sandbox, here, inside } = await shared()
  const foreign = await checkout(inside.machine, await sandbox.bareRemote('foreign'), 'foreign')
  const refused = async (target: string) => {
    const { code, exitCode } = await here.refused(['to', target, '--trust'])
    return [code, exitCode]
  }
  // Two commits of one second and one person are the same root.
  await writeFile(path.join(foreign, 'README.md'), 'another project\n')
  await inside.machine.git(foreign, 'commit', '--quiet', '--all', '--amend', '--message', 'another one')
  t.deepEqual(await refused(`docker://box${foreign}`), ['other-repository', 6])
  t.deepEqual(await refused(`docker://box${inside.machine.home}/nowhere`), ['no-repository', 7])
  t.deepEqual(await refused(`docker://box${inside.machine.home}`), ['no-repository', 7])
  t.deepEqual(await refused(`docker://other${inside.top}`), ['remote-access', 4])
  t.deepEqual(await refused('ssh://-oProxyCommand=x/app'), ['usage', 2])
})

test('a commit that is not there yet is refused, and goes along with --with-changes', async (t) => {
  const { here, inside, target } = await laptopAndContainer(t)
  await writeFile(path.join(here.top, 'fix.txt'), 'fixed\n')
  await here.machine.git(here.top, 'add', 'fix.txt')
  await here.machine.git(here.top, 'commit', '--quiet', '--message', 'fix')
  await writeFile(path.join(here.top, 'draft.txt'), 'not yet\n')
  const refused = await here.refused(['to', target, '--trust'])
  t.like(refused, { exitCode: 3, code: 'commit-missing' })
  t.true(refused.hint.startsWith(`git teleport to ${target} --with-changes`))
  await nothingThere(t, inside)

  await writeFile(path.join(inside.top, 'own.txt'), 'in the way\n')
  t.like(await here.refused(['to', target, '--trust', '--with-changes']), { exitCode: 7, code: 'not-clean' })
  await nothingThere(t, inside)
  await rm(path.join(inside.top, 'own.txt'))
  await here.run(['to', target, '--trust', '--with-changes'])
  const head = (seat: Seat) => seat.machine.git(seat.top, 'rev-parse', 'HEAD')
  t.is(await head(inside), await head(here))
  t.is(await inside.machine.git(inside.top, 'status', '--porcelain'), '?? draft.txt')
})

test('a session that is open there, or went on in both places, is left alone', async (t) => {
  const { here, inside, target, tale } = await laptopAndContainer(t)
  await here.run(['to', target, '--trust'])
  const client = await openClient(t, inside)
  await goOn(tale, here)
  t.like(await here.refused(['to', target]), { exitCode: 6, code: 'session-live' })
  await client.exit()
  const { cursor } = tale
  await goOn(tale, inside)
  tale.cursor = cursor
  const diverged = await here.refused(['to', target])
  t.like(diverged, { exitCode: 5, code: 'diverged' })
  t.true(diverged.message.startsWith(`at ${target}: `))
  const back = await here.refused(['from', target])
  t.is(back.exitCode, 5)
})

test('without git-teleport there it can be run by npx; what else answers is not believed', async (t) => {
  const { here, inside, target } = await laptopAndContainer(t)
  const missing = ['--program', 'git-teleport-of-nobody']
  const refused = async (...more: string[]): Promise<Failure> =>
    here.refused(['to', target, '--trust', ...more])
  t.like(await refused(...missing), { exitCode: 7, code: 'no-program-there' })
  await addProgram(
    inside.machine,
    'npx',
    `[ "$1 $2" = '--yes git-teleport@0.0.0-test' ] || exit 9; shift 2; exec '${process.execPath}' '${programFile}' "$@"`,
  )
  t.like(await here.run(['to', target, '--trust', '--npx', ...missing]), { state: 'new' })

  const answers = [
    ["printf '\\033]0;x\\007 hello'", 'remote-access'],
    ['printf \'{"version":1}\'', 'remote-access'],
    [
      `printf '{"error":{"code":"no-such-code","message":"\\\\u001b[2J","hint":null}}' >&2; exit 6`,
      'remote-access',
    ],
    [`printf '{"error":{"code":"bad-policy","message":"odd","hint":"rm -rf"}}' >&2; exit 6`, 'bad-policy'],
    ['yes too much', 'remote-access'],
  ] as const
  for (const [line, code] of answers) {
    await addProgram(inside.machine, 'git-teleport', line)
    const told = await refused()
    t.is(told.code, code, line)
    t.notRegex(told.message + told.hint, /\p{Cc}/u)
    t.true(told.message.includes(target))
  }
})
