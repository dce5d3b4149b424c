/** Where the team is read from, and every odd case of it. */

import { rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { showPolicy } from '../../src/core/policy.ts'
import type { World } from '../../src/core/world.ts'
import { hasCode, TeleportError } from '../../src/errors.ts'
import { silentProgress } from '../../src/model.ts'
import { dig } from '../support/json.ts'
import { checkout } from '../support/sandbox.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'
import { makeTeamWorld, policyAt, signerLine } from './team-world.ts'

const ada = signerLine('ada')
const both = ada + signerLine('bob')

test('a team is accepted once, by name, and goes on from there', async (t) => {
  const { sandbox, remote, merge } = await makeTeamWorld(t)
  const laptop = await sandbox.machine('laptop')
  const top = await checkout(laptop, remote, 'app')
  t.is((await policyAt(laptop, top)).commit, undefined, 'no files: no team')
  const first = await merge({
    allowed_signers: ada,
    recipients: '',
    config: '[teleport]\n\tmaxLifetime = 7d\n',
  })
  const unseen = await policyAt(laptop, top, ['--yes'])
  t.is(unseen.told.exitCode, 6)
  t.is(unseen.code, 'policy-not-accepted', '--yes alone is nobody looking')
  t.regex(unseen.message, /ada@example\.org SHA256:[A-Za-z0-9+/]{43}/)
  t.is(unseen.hint, `git teleport policy --trust-policy ${first}`)
  t.is((await policyAt(laptop, top, ['--trust-policy', 'f'.repeat(40)])).code, 'policy-not-accepted')
  t.is((await policyAt(laptop, top, ['--trust-policy', first])).commit, first)
  t.is((await policyAt(laptop, top)).commit, first)
  const second = await merge({ allowed_signers: both })
  const moved = await policyAt(laptop, top)
  t.is(moved.commit, second)
  t.regex(moved.told.stderr, /\+ member bob@example\.org SHA256:/)
  t.is(dig(moved.told.json(), 'members'), 2)
  await rm(remote, { recursive: true })
  t.is(
    (await policyAt(laptop, top, ['--offline'])).commit,
    second,
    'the pin serves reading without the remote',
  )
  t.is((await policyAt(laptop, top)).code, 'remote-access')
})

test('somebody at a terminal sees the team before it is believed, and may say no', async (t) => {
  const { sandbox, remote, merge } = await makeTeamWorld(t)
  const commit = await merge({
    allowed_signers: both,
    recipients: '# escrow\n',
    config: '[teleport]\nmustRedact\n',
  })
  const laptop = await sandbox.machine('laptop')
  const top = await checkout(laptop, remote, 'app')
  const shown: string[] = []
  const questions: string[] = []
  const at = (answer: boolean): World => ({
    env: laptop.env,
    cwd: top,
    home: laptop.home,
    platform: process.platform,
    hostname: 'laptop',
    now: () => new Date(),
    uuid: () => '00000000-0000-4000-8000-000000000000',
    progress: silentProgress,
    note() {},
    async confirm(question) {
      questions.push(question)
      return answer
    },
    askPassphrase: async () => '',
    choose: async () => undefined,
    attended: true,
    show: (lines) => shown.push(...lines),
    system: { policyFile: '/nonexistent', policyOwner: null, isPublicHost: () => false },
    background: false,
    signal: new AbortController().signal,
  })
  const refused = await t.throwsAsync(showPolicy(at(false), {}), { instanceOf: TeleportError })
  t.true(hasCode(refused, 'policy-not-accepted'))
  t.is(shown.filter((line) => /^member (?:ada|bob)@example\.org SHA256:/.test(line)).length, 2)
  t.true(shown.includes(`policy commit ${commit}`) && shown.includes('teleport.mustRedact = true'))
  t.is(String((await showPolicy(at(true), {})).commit), commit)
  t.is(String((await showPolicy(at(false), {})).commit), commit)
  t.is(questions.length, 2, 'accepted once, never asked again')
})

test('a default branch that does not go on from the pin is refused until somebody names it', async (t) => {
  const { sandbox, remote, admin, top: adminTop, merge } = await makeTeamWorld(t)
  const start = await admin.git(adminTop, 'rev-parse', 'HEAD')
  const first = await merge({ allowed_signers: both })
  const laptop = await sandbox.machine('laptop')
  const top = await checkout(laptop, remote, 'app')
  await policyAt(laptop, top, ['--trust-policy', first])
  await admin.git(adminTop, 'reset', '--quiet', '--hard', start)
  await admin.git(adminTop, 'push', '--quiet', '--force', 'origin', 'HEAD')
  t.is((await policyAt(laptop, top)).code, 'policy-rewound', 'back to before the team')
  const forged = await (async () => {
    await writeFile(path.join(adminTop, 'x'), 'x')
    return merge({ allowed_signers: ada })
  })()
  const refused = await policyAt(laptop, top)
  t.is(refused.code, 'policy-rewound')
  t.is(refused.told.exitCode, 6)
  t.is(refused.hint, `ask who rewrote it; if that is meant: git teleport policy --trust-policy ${forged}`)
  t.is((await policyAt(laptop, top, ['--trust-policy', forged])).commit, forged)
  t.is((await policyAt(laptop, top)).commit, forged)

  // HEAD at another branch: what counts is where its history comes from.
  await admin.git(adminTop, 'switch', '--quiet', '--create', 'trunk')
  const trunk = await merge({ recipients: '' })
  await admin.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/trunk')
  t.is((await policyAt(laptop, top)).commit, trunk)
  await admin.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/main')
  t.is((await policyAt(laptop, top)).code, 'policy-rewound')
  await admin.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/nowhere')
  t.is((await policyAt(laptop, top)).code, 'policy-gone', 'no HEAD any more')
  await admin.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/trunk')
  await merge({ recipients: null })
  const without = await policyAt(laptop, top)
  t.is(without.code, 'policy-gone', 'a file is missing')
  t.regex(without.message, /recipients/)
  await policyAt(laptop, top, ['--forget', '--yes'])
  t.is((await policyAt(laptop, top)).code, 'policy-not-accepted', 'forgotten, so it is new again')
})

test('files that say what is not understood let nobody in', async (t) => {
  const { sandbox, remote, merge } = await makeTeamWorld(t)
  const laptop = await sandbox.machine('laptop')
  const top = await checkout(laptop, remote, 'app')
  const good = await merge({ allowed_signers: ada })
  await policyAt(laptop, top, ['--trust-policy', good])
  const bad = await merge({ allowed_signers: `${ada}*@example.org cert-authority,namespaces="git" ${'x'}\n` })
  const refused = await policyAt(laptop, top)
  t.is(refused.code, 'bad-policy')
  t.regex(refused.message, /allowed_signers, line 2/)
  t.is((await policyAt(laptop, top, ['--offline'])).commit, good, 'the pin has not moved')
  t.not(good, bad)
})

test('a remote without a HEAD has no team', async (t) => {
  const { sandbox } = await makeTeamWorld(t)
  const empty = await sandbox.bareRemote('empty')
  const laptop = await sandbox.machine('laptop')
  await laptop.git(laptop.home, 'clone', '--quiet', empty, 'app')
  const asked = await policyAt(laptop, path.join(laptop.home, 'app'))
  t.is(asked.told.exitCode, 0)
  t.is(asked.commit, undefined)
})

test('a fork and its upstream have teams of their own', async (t) => {
  const { sandbox, remote, merge } = await makeTeamWorld(t)
  const upstream = await merge({ allowed_signers: both })
  const eve = await sandbox.machine('eve')
  const fork = path.join(sandbox.folder, 'fork.git')
  await eve.git(eve.home, 'clone', '--quiet', '--bare', remote, fork)
  const top = await checkout(eve, fork, 'app')
  await eve.git(top, 'remote', 'add', 'upstream', remote)
  await writeFile(path.join(top, '.teleport/allowed_signers'), ada)
  await eve.git(top, 'commit', '--quiet', '--all', '--message', 'mine')
  await eve.git(top, 'push', '--quiet', 'origin', 'HEAD')
  const forked = await eve.git(top, 'rev-parse', 'HEAD')
  t.is((await policyAt(eve, top, ['--remote', 'origin', '--trust-policy', forked])).commit, forked)
  t.is(
    (await policyAt(eve, top, ['--remote', 'upstream'])).code,
    'policy-not-accepted',
    'says nothing about upstream',
  )
  t.is((await policyAt(eve, top, ['--remote', 'upstream', '--trust-policy', upstream])).commit, upstream)
  t.is((await policyAt(eve, top, ['--remote', 'origin'])).commit, forked)
})

const clones: readonly (readonly [string, readonly string[]])[] = [
  ['a shallow clone', ['--depth=1']],
  ['a partial clone', ['--filter=blob:none', '--no-checkout']],
  ['a clone without trees', ['--filter=tree:0']],
  ['a whole clone', []],
]

for (const [what, args] of clones) {
  test(`${what} reads the team and proves its history, and is left as it was`, async (t) => {
    const { sandbox, remote, admin, merge } = await makeTeamWorld(t)
    await admin.git(remote, 'config', 'uploadpack.allowFilter', 'true')
    const first = await merge({ allowed_signers: ada })
    await merge({ allowed_signers: ada }, 'code: in between')
    const ci = await sandbox.machine('ci')
    await ci.git(ci.home, 'clone', '--quiet', ...args, `file://${remote}`, 'app')
    const top = path.join(ci.home, 'app')
    const before = await snapshotRepo(path.join(top, '.git'))
    const named = await policyAt(ci, top, ['--trust-policy', first])
    t.is(named.told.exitCode, 0, named.told.stderr)
    const third = await merge({ allowed_signers: both })
    const moved = await policyAt(ci, top)
    t.is(moved.commit, third, moved.told.stderr)
    t.deepEqual(await snapshotRepo(path.join(top, '.git')), before)
  })
}

test('a SHA-256 repository has a team like any other', async (t) => {
  const { sandbox } = await makeTeamWorld(t)
  const ada256 = await sandbox.machine('ada')
  const remote = path.join(sandbox.folder, 'sha256.git')
  await ada256.git(ada256.home, 'init', '--quiet', '--bare', '--object-format=sha256', remote)
  await ada256.git(ada256.home, 'init', '--quiet', '--object-format=sha256', 'app')
  const top = path.join(ada256.home, 'app')
  await ada256.git(top, 'remote', 'add', 'origin', remote)
  await ada256.run('mkdir', ['.teleport'], { cwd: top })
  await writeFile(path.join(top, '.teleport/allowed_signers'), ada)
  await ada256.git(top, 'add', '.')
  await ada256.git(top, 'commit', '--quiet', '--message', 'team')
  await ada256.git(top, 'push', '--quiet', 'origin', 'HEAD:main')
  await ada256.git(remote, 'symbolic-ref', 'HEAD', 'refs/heads/main')
  const head = await ada256.git(top, 'rev-parse', 'HEAD')
  t.is((await policyAt(ada256, top, ['--trust-policy', head])).commit, head)
  t.is(head.length, 64)
})
