/** What policies forbid, on real commands; and what asking for them costs. */

import { chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { startHttpRemote } from '../support/http-remote.ts'
import { type InProcessOptions, teleport } from '../support/in-process.ts'
import { dig, parseJson, recordsIn, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { session, tell } from './shared-world.ts'
import { makeTeamWorld, policyAt, saidBy } from './team-world.ts'

interface At {
  readonly machine: Machine
  readonly top: string
}

async function run({ machine, top }: At, argv: readonly string[], more: Partial<InProcessOptions> = {}) {
  const told = await teleport(machine, [...argv, '--json'], { cwd: top, ...more })
  const said = saidBy(told)
  return {
    ...told,
    said,
    code: stringAt(said, 'error', 'code') ?? '',
    message: stringAt(said, 'error', 'message') ?? '',
  }
}

/** A machine with a key, a checkout and a session. */
async function writer(t: ExecutionContext, machine: Machine, remote: string): Promise<At> {
  const at = { machine, top: await checkout(machine, remote, 'app') }
  t.is((await run(at, ['init'])).exitCode, 0)
  await tell(at, session, 4_000)
  return at
}

const days = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000

test('a push keeps to remotes, people and lifetimes, and says who forbids what', async (t) => {
  const { sandbox, remote, merge } = await makeTeamWorld(t)
  const laptop = await sandbox.machine('laptop')
  const at = await writer(t, laptop, remote)
  const line = `${stringAt((await run(at, ['init'])).said, 'join', 'line')}\n`
  t.regex(line, /^laptop@example\.org namespaces="git" ssh-ed25519 \S+ git-teleport@laptop\n$/)
  const limits =
    '[teleport]\n\tmaxLifetime = 14d\n\tdefaultExpiry = 7d\n\tmayPush = laptop@example.org\n\trepository = orchard\n'
  const first = await merge({ allowed_signers: line, config: limits })
  const now = new Date('2026-11-20T12:00:00Z')
  const when = { now: () => now }
  t.is((await run(at, ['push'], when)).code, 'policy-not-accepted')
  t.is((await run(at, ['push', '--trust-policy', first, '--expires', '15d'], when)).code, 'not-allowed')
  const never = await run(at, ['push', '--expires', 'never'], when)
  t.is(never.exitCode, 6)
  t.is(
    never.message,
    'teleport.maxLifetime in the policy of the repository lets a session live for 14d at most',
  )
  const pushed = await run(at, ['push', '--yes'], when)
  t.is(pushed.exitCode, 0, pushed.stderr)
  t.is(days('2026-11-20T12:00:00Z', stringAt(pushed.said, 'expires') ?? ''), 7)
  t.is(dig((await run(at, ['init'])).said, 'join'), null, 'a member needs no line')
  const ref = stringAt(pushed.said, 'ref') ?? ''
  const signed = await laptop.git(
    remote,
    'log',
    '-1',
    '--format=%(trailers:key=Teleport-Repo,valueonly)',
    ref,
  )
  t.is(signed.trim(), 'orchard', 'the name that the policy gives')
  const pulled = await run(at, ['pull', session], when)
  t.is(stringAt(pulled.said, 'state'), 'same', pulled.stderr)
  t.is((await run(at, ['push', '--expires', '14d'], when)).exitCode, 0)

  await merge({
    config: `${limits}\tmayPush = nobody@example.org\n`.replace('mayPush = laptop@example.org\n', ''),
  })
  const shut = await run(at, ['push', '--rescan'], when)
  t.is(shut.code, 'not-allowed')
  t.regex(
    shut.message,
    /^teleport\.mayPush in the policy of the repository does not let laptop@example\.org push/,
  )

  // The administrator's word counts for more; what others could have written counts for nothing.
  const policyFile = path.join(laptop.folder, 'managed-policy')
  await writeFile(
    policyFile,
    '[teleport]\nallowedRemote = https://git.example.org/*\nmaxLifetime = 1d\nshade = 1\n',
  )
  await chmod(policyFile, 0o644)
  const owner = process.getuid?.() ?? null
  const managed = { ...when, system: { policyFile, policyOwner: owner } }
  for (const argv of [['push'], ['pull', 'deadbeef'], ['list'], ['fetch']]) {
    const refused = await run(at, argv, managed)
    t.is(refused.code, 'not-allowed', argv[0])
    t.regex(refused.message, /^teleport\.allowedRemote in the managed policy of this machine/)
  }
  const shown = await policyAt(laptop, at.top, [], managed)
  const setting = (name: string) =>
    recordsIn(dig(saidBy(shown.told), 'settings')).find((each) => each['key'] === name)
  t.deepEqual(setting('teleport.maxLifetime'), { key: 'teleport.maxLifetime', value: 1, source: 'managed' })
  t.deepEqual(setting('teleport.defaultExpiry'), {
    key: 'teleport.defaultExpiry',
    value: 7,
    source: 'repository',
  })
  t.deepEqual(setting('teleport.mustSign'), { key: 'teleport.mustSign', value: null, source: 'default' })
  t.regex(shown.told.stderr, /teleport\.shade is no setting/)
  await laptop.git(at.top, 'config', 'teleport.mustRedact', 'true')
  await chmod(policyFile, 0o664)
  const left = await policyAt(laptop, at.top, [], managed)
  t.regex(left.told.stderr, /left out: others may write it/)
  t.is(
    stringAt(
      recordsIn(dig(saidBy(left.told), 'settings')).find((each) => each['value'] === true),
      'source',
    ),
    'user',
  )
  await chmod(policyFile, 0o644)
  const foreign = await policyAt(laptop, at.top, [], {
    ...when,
    system: { policyFile, policyOwner: (owner ?? 0) + 1 },
  })
  t.regex(foreign.told.stderr, /left out: it belongs to user/)
  await writeFile(policyFile, '[teleport]\nmaxLifetime = ever\n')
  t.is((await policyAt(laptop, at.top, [], managed)).code, 'bad-policy', 'a typing error forbids everything')
})

test('a managed policy that names a commit lets a machine without a terminal in', async (t) => {
  const { sandbox, remote, merge } = await makeTeamWorld(t)
  const first = await merge({ config: '[teleport]\n\tmaxLifetime = 14d\n' })
  const now = await merge({ config: '[teleport]\n\tmaxLifetime = 7d\n' })
  const ci = await sandbox.machine('ci')
  const top = await checkout(ci, remote, 'app')
  const policyFile = path.join(ci.folder, 'managed')
  await writeFile(policyFile, `[teleport]\ntrustPolicy = ${first}\n`, { mode: 0o600 })
  const system = { policyFile, policyOwner: process.getuid?.() ?? null }
  t.is((await policyAt(ci, top)).code, 'policy-not-accepted')
  t.is((await policyAt(ci, top, [], { system })).commit, now, 'what the default branch made of it since')
})

test('the first push to a remote that everybody can read wants to be meant', async (t) => {
  const sandbox = await makeSandbox(t)
  const bare = await sandbox.bareRemote()
  const laptop = await sandbox.machine('laptop')
  await checkout(laptop, bare, 'seed')
  const [open, closed] = await Promise.all([
    startHttpRemote(sandbox.folder, { anybodyReads: true }),
    startHttpRemote(sandbox.folder),
  ])
  t.teardown(async () => {
    await open.close()
    await closed.close()
  })
  await open.allow(laptop)
  await closed.allow(laptop)
  const at = await writer(t, laptop, open.url('remote.git'))
  const here = { system: { isPublicHost: (host: string) => host === '127.0.0.1' } }
  const refused = await run(at, ['push'], here)
  t.is(refused.code, 'public-remote')
  t.is(refused.exitCode, 6)
  t.is((await run(at, ['push'], here)).code, 'public-remote', 'and the second')
  t.is((await run(at, ['push', '--public'], here)).exitCode, 0)
  t.is((await run(at, ['push', '--rescan'], here)).exitCode, 0, 'said once')

  // The credential helper and a password file must not open the door for the question.
  const [, password = ''] =
    /password=([^\\]+)/.exec(await readFile(path.join(laptop.home, 'credential-helper'), 'utf8')) ?? []
  await writeFile(path.join(laptop.home, '.netrc'), `machine 127.0.0.1 login dev password ${password}\n`, {
    mode: 0o600,
  })
  await laptop.git(at.top, 'remote', 'set-url', 'origin', closed.url('remote.git'))
  const asked = await run(at, ['push', '--rescan'], here)
  t.is(asked.exitCode, 0, asked.stderr)
  const store = path.join(at.top, '.git/teleport/public')
  const found = await Promise.all(
    (await readdir(store)).map((name) => readFile(path.join(store, name), 'utf8')),
  )
  t.deepEqual(found.map((text) => dig(parseJson(text), 'public')).sort(), [false, true], 'each asked once')
})

test('a remote without a team costs one question for its HEAD, beside the fetch', async (t) => {
  const sandbox = await makeSandbox(t)
  const laptop = await sandbox.machine('laptop')
  const at = await writer(t, laptop, await sandbox.bareRemote())
  t.is((await run(at, ['list'])).exitCode, 0)
  const bin = path.join(laptop.folder, 'bin')
  const log = path.join(laptop.folder, 'git-log')
  await mkdir(bin)
  const real = (await laptop.run('sh', ['-c', 'command -v git'])).stdout.trim()
  await writeFile(path.join(bin, 'git'), `#!/bin/sh\necho "$1" >>'${log}'\nexec '${real}' "$@"\n`, {
    mode: 0o755,
  })
  const env = { PATH: `${bin}:${laptop.env['PATH']}` }
  t.is((await run(at, ['list'], { env })).exitCode, 0)
  const calls = (await readFile(log, 'utf8')).trim().split('\n')
  t.deepEqual(calls.filter((each) => ['ls-remote', 'fetch', 'ls-tree', 'cat-file'].includes(each)).sort(), [
    'fetch',
    'ls-remote',
  ])
})
