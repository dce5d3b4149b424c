import { createHash } from 'node:crypto'
import { appendFile, readFile, writeFile } from 'node:fs/promises'
import test from 'ava'
import { chooseRemote, requireSafeUrl, resolveRemote } from '../../src/git-store/remote.ts'
import {
  gitConfig,
  openUserRepo,
  repoIds,
  setGlobalConfig,
  userIdentity,
} from '../../src/git-store/user-repo.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'
import { asOid, sandbox } from './sandbox.ts'

test('a repository is described from anywhere inside its work tree', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  await box.git('laptop', 'commit', '--quiet', '--allow-empty', '--message', 'first')
  await box.write('laptop/deep/er/file', '')
  const head = asOid(await box.git('laptop', 'rev-parse', 'HEAD'))
  const tree = asOid(await box.git('laptop', 'rev-parse', 'HEAD^{tree}'))
  const before = await snapshotRepo(box.path('laptop/.git'))
  const repo = await openUserRepo(box.path('laptop/deep/er'), { ...box.env, GIT_DIR: '/elsewhere' })
  t.like(repo, {
    top: box.path('laptop'),
    gitDir: box.path('laptop/.git'),
    commonDir: box.path('laptop/.git'),
    objectFormat: 'sha1',
    head,
    headTree: tree,
    branch: 'main',
    shallow: false,
  })
  t.deepEqual(await userIdentity(repo), { name: 'Ada', email: 'ada@example.com' })
  await box.git('laptop', 'checkout', '--quiet', '--detach')
  t.like(await openUserRepo(box.path('laptop'), box.env), { head, headTree: tree, branch: null })
  await box.git('laptop', 'checkout', '--quiet', 'main')
  const { 'logs/HEAD': _, ...after } = await snapshotRepo(box.path('laptop/.git'))
  t.like(before, after)
})

test('a branch without a commit has a name and no head', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  const repo = await openUserRepo(box.path('laptop'), box.env)
  t.like(repo, { head: null, headTree: null, branch: 'main' })
  t.deepEqual(await repoIds(repo, box.path('roots.json')), [])
})

test('outside of a work tree there is no repository', async (t) => {
  const box = await sandbox(t)
  await box.bare('bare.git')
  await box.project('laptop', '/nowhere')
  for (const folder of ['.', 'bare.git', 'laptop/.git', 'missing']) {
    await t.throwsAsync(openUserRepo(box.path(folder), box.env), { code: 'no-repository' }, folder)
  }
})

test('a git that is missing or too old is named', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  await t.throwsAsync(openUserRepo(box.path('laptop'), { PATH: box.path('bin') }), { code: 'no-git' })
  await box.write('bin/git', '#!/bin/sh\necho git version 2.33.8\n', 0o755)
  await t.throwsAsync(openUserRepo(box.path('laptop'), { PATH: box.path('bin') }), {
    code: 'no-git',
    message: 'git 2.33 is too old',
  })
  await box.write(
    'bin/git',
    `#!/bin/sh\n[ $1 = version ] && echo git version 3.0.1 || exec /usr/bin/env -i PATH='${box.env['PATH']}' git "$@"\n`,
    0o755,
  )
  t.is((await openUserRepo(box.path('laptop'), { PATH: box.path('bin') })).branch, 'main')
})

test('configuration is read with every value, in order, and line breaks in it', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  const text = '[Teleport]\n\tTo = a\n\tto = "b\\nc"\n[core]\n\tbare\n[remote "Up.Stream"]\n\turl = x\n'
  await writeFile(box.path('laptop/.git/config'), text.replace('\tbare', '\tquotePath'))
  const config = await gitConfig(await openUserRepo(box.path('laptop'), box.env))
  t.deepEqual(config.get('teleport.to'), ['a', 'b\nc'])
  t.deepEqual(config.get('core.quotepath'), ['true'])
  t.deepEqual(config.get('remote.Up.Stream.url'), ['x'])
  t.is(config.get('constructor'), undefined)
})

test('without name and address there is no identity', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  await box.git('.', 'config', '--global', '--unset', 'user.email')
  t.is(await userIdentity(await openUserRepo(box.path('laptop'), box.env)), null)
})

test('the roots of a history are found, cached, and followed as it grows or is replaced', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  const commit = async (...args: string[]) => {
    await box.git('laptop', 'commit', '--quiet', '--allow-empty', '--message', 'x', ...args)
    return box.git('laptop', 'rev-parse', 'HEAD')
  }
  const cache = box.path('roots.json')
  const ids = async () => repoIds(await openUserRepo(box.path('laptop'), box.env), cache)
  const first = await commit()
  t.deepEqual(await ids(), [first])
  await commit()
  t.deepEqual(await ids(), [first])
  await box.git('laptop', 'checkout', '--quiet', '--orphan', 'other')
  const second = await commit('--date=2001-01-01T00:00:00')
  t.deepEqual(await ids(), [second])
  await box.git('laptop', 'merge', '--quiet', '--allow-unrelated-histories', '--no-edit', 'main')
  t.deepEqual(await ids(), [first, second].sort())
  t.true((await readFile(cache, 'utf8')).includes(second))
  await writeFile(cache, '{"head":1}')
  t.deepEqual(await ids(), [first, second].sort())
  const repo = await openUserRepo(box.path('laptop'), box.env)
  t.deepEqual(await repoIds(repo, box.path('no/such/folder/roots.json')), [first, second].sort())
  t.deepEqual(await repoIds({ ...repo, shallow: true }, cache), [])
})

test("a key of the user's own configuration is set to one value and removed", async (t) => {
  const box = await sandbox(t)
  await setGlobalConfig(box.env, 'teleport.key', 'a')
  await setGlobalConfig(box.env, 'teleport.key', 'b')
  t.is(await box.git('.', 'config', '--global', '--get-all', 'teleport.key'), 'b')
  await setGlobalConfig(box.env, 'teleport.key', null)
  await setGlobalConfig(box.env, 'teleport.key', null)
  await t.throwsAsync(box.git('.', 'config', '--global', 'teleport.key'))
  await t.throwsAsync(setGlobalConfig(box.env, 'nodot', 'x'), { code: 'git-failed' })
})

const remotes = { 'remote.up.stream.url': ['/up'], 'remote.origin.pushurl': ['/origin'] }
const chosen: Readonly<Record<string, readonly [config: Record<string, string[]>, wanted?: string]>> = {
  'the one asked for': [{ ...remotes, 'teleport.remote': ['origin'] }, 'up.stream'],
  'teleport.remote': [{ ...remotes, 'teleport.remote': ['origin', 'up.stream'] }],
  'the only one': [{ 'remote.up.stream.url': ['/up'], 'remote.pushdefault': ['gone'] }],
  'remote.pushDefault': [
    { ...remotes, 'remote.pushdefault': ['up.stream'], 'branch.main.remote': ['origin'] },
  ],
  "the branch's": [{ ...remotes, 'branch.main.remote': ['up.stream'] }],
  "the branch's for pushing": [
    { ...remotes, 'branch.main.remote': ['origin'], 'branch.main.pushremote': ['up.stream'] },
  ],
}
for (const [title, [config, wanted]] of Object.entries(chosen)) {
  test(`the remote is ${title}`, (t) => {
    t.is(chooseRemote(new Map(Object.entries(config)), 'main', wanted), 'up.stream')
  })
}

test('the remote is origin when nothing says more', (t) => {
  const config = new Map(Object.entries({ ...remotes, 'branch.main.remote': ['.'] }))
  t.is(chooseRemote(config, 'main'), 'origin')
  t.is(chooseRemote(config, null), 'origin')
})

test('without a remote, without the one asked for, or without an obvious one, the hint says what to do', (t) => {
  const choose = (config: Record<string, string[]>, wanted?: string) => () =>
    chooseRemote(new Map(Object.entries(config)), 'main', wanted)
  t.like(t.throws(choose({})), { code: 'no-remote', hint: 'git remote add origin <url>' })
  t.like(t.throws(choose(remotes, 'upstream')), { code: 'no-remote', hint: 'git remote -v' })
  t.like(t.throws(choose({ 'remote.a.url': ['x'], 'remote.b.url': ['y'] })), {
    code: 'ambiguous-remote',
    hint: 'git config teleport.remote <name>',
  })
})

for (const url of ['EXT::sh -c id', 'ext::id', 'fd::17', '--upload-pack=id', 'x\ny', '']) {
  test(`the URL ${JSON.stringify(url)} is refused`, (t) => {
    t.throws(() => requireSafeUrl('origin', url), { code: 'remote-access' })
  })
}

test('an ordinary URL, a path and a remote helper are fine', (t) => {
  for (const url of ['https://host/x', 'git@host:x', '../x y.git', 'codecommit::eu://x', 'C:\\x']) {
    t.notThrows(() => requireSafeUrl('origin', url))
  }
})

test('a remote whose push URL runs a command is never used', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  await appendFile(box.path('laptop/.git/config'), '[remote "origin"]\n\tpushurl = ext::id\n')
  const repo = await openUserRepo(box.path('laptop'), box.env)
  await t.throwsAsync(resolveRemote(repo), { code: 'remote-access' })
})

test('the URL is the one pushed to, rewritten as the user wishes', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', 'https://host/x')
  await box.git('laptop', 'config', 'url.ssh://git@host/.pushInsteadOf', 'https://host/')
  const repo = await openUserRepo(box.path('laptop'), box.env)
  const url = 'ssh://git@host/x'
  const key = createHash('sha256').update(url).digest('hex').slice(0, 16)
  t.deepEqual(await resolveRemote(repo), { name: 'origin', url, key })
})
