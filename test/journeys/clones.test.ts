/** The nine kinds of clone: the whole program pushes from each and pulls into each, and the repository stays as it was. */

import { appendFile, chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { makeSandbox, type Sandbox } from '../support/sandbox.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'
import { carryKey, goOn, readTranscript, type Seat, sameSession, seatAt, session, tell } from './seat.ts'

interface Clone {
  /** Where the user stands, relative to home, and the folder whose bytes must not change but for the store. */
  readonly folder: string
  readonly commonDir: string
  /** Top of the work tree, when the user stands below it. */
  readonly top?: string
}

interface Place {
  readonly seat: Seat
  readonly sandbox: Sandbox
  readonly remote: string
}

type Prepare = (place: Place) => Promise<Clone>

async function cloned(
  place: Place,
  args: readonly string[],
  settings: readonly string[] = [],
): Promise<Clone> {
  const { machine } = place.seat
  await machine.git(machine.home, 'clone', '--quiet', ...args, `file://${place.remote}`, 'clone')
  for (const line of settings) {
    const [key = '', ...value] = line.split(' ')
    await machine.git(path.join(machine.home, 'clone'), 'config', '--add', key, value.join(' '))
  }
  return { folder: 'clone', commonDir: 'clone/.git' }
}

async function hostile(place: Place): Promise<Clone> {
  const { machine } = place.seat
  const hooks = path.join(machine.home, 'hooks')
  await mkdir(hooks)
  const ran = path.join(machine.home, 'hook-ran')
  for (const hook of ['pre-push', 'reference-transaction', 'post-checkout', 'pre-auto-gc', 'post-commit']) {
    await writeFile(path.join(hooks, hook), `#!/bin/sh\ntouch '${ran}'\nexit 1\n`)
    await chmod(path.join(hooks, hook), 0o755)
  }
  const base = path.dirname(place.remote)
  return cloned(
    place,
    [],
    [
      'remote.origin.url pretend:remote.git',
      `url.${base}/.insteadOf pretend:`,
      'url.nowhere:.pushInsteadOf pretend:',
      'remote.origin.pushurl pretend:remote.git',
      'remote.origin.pushurl /nowhere/second.git',
      `url./nowhere/.insteadOf ${base}/`,
      'remote.origin.fetch +refs/*:refs/*',
      'remote.origin.prune true',
      'remote.teleport.url /nowhere/teleport.git',
      'remote.pushDefault origin',
      'push.gpgSign true',
      'push.followTags true',
      'push.pushOption merge_request.create',
      'push.recurseSubmodules check',
      'push.default nothing',
      'fetch.prune true',
      'fetch.pruneTags true',
      'fetch.unpackLimit 1000',
      'fetch.fsckObjects false',
      'fetch.recurseSubmodules true',
      'submodule.recurse true',
      'transfer.unpackLimit 1000',
      'i18n.commitEncoding latin1',
      'core.logAllRefUpdates always',
      'core.compression 9',
      'core.looseCompression 9',
      'protocol.version 0',
      'gc.auto 1',
      `core.hooksPath ${hooks}`,
    ],
  )
}

const kinds: Readonly<Record<string, Prepare>> = {
  'a clone with a relative URL, from a sub-folder': async (place) => {
    const relative = path.relative(path.join(place.seat.machine.home, 'clone'), place.remote)
    const clone = await cloned(place, [], [`remote.origin.pushurl ${relative}`])
    await mkdir(path.join(place.seat.machine.home, 'clone/deep/er'), { recursive: true })
    return { ...clone, folder: 'clone/deep/er', top: 'clone' }
  },
  'a partial clone': (place) => cloned(place, ['--filter=blob:none']),
  'a shallow clone': (place) => cloned(place, ['--depth=1']),
  'a clone that mirrors': (place) =>
    cloned(place, [], ['remote.origin.mirror true', 'remote.origin.fetch +refs/*:refs/*']),
  'a clone with a hostile configuration': hostile,
  'a SHA-256 clone': (place) => cloned(place, []),
  'a submodule': async (place) => {
    const { machine } = place.seat
    await machine.git(machine.home, 'init', '--quiet', 'super')
    const allow = ['-c', 'protocol.file.allow=always']
    const inside = path.join(machine.home, 'super')
    await machine.git(inside, ...allow, 'submodule', '--quiet', 'add', `file://${place.remote}`, 'sub')
    return { folder: 'super/sub', commonDir: 'super/.git/modules/sub' }
  },
  'a linked worktree': async (place) => {
    const clone = await cloned(place, [], ['extensions.worktreeConfig true'])
    const { machine } = place.seat
    await machine.git(path.join(machine.home, 'clone'), 'worktree', 'add', '--quiet', '../linked')
    return { ...clone, folder: 'linked' }
  },
  'safe.bareRepository=explicit': async (place) => {
    const { machine } = place.seat
    await machine.git(machine.home, 'config', '--global', 'safe.bareRepository', 'explicit')
    return cloned(place, [])
  },
}

for (const [kind, prepare] of Object.entries(kinds)) {
  test(`${kind} sends and receives sessions and stays as it was`, async (t) => {
    const { user, other, commonDir } = await meet(t, prepare, kind === 'a SHA-256 clone' ? 'sha256' : 'sha1')
    const before = await snapshotRepo(commonDir)
    const head = await user.machine.git(user.top, 'for-each-ref')

    const tale = await tell(user)
    t.like(await user.run(['push']), { state: 'pushed', seq: 1 })
    t.like(await other.run(['pull', session]), { state: 'new', seq: 1 })
    await sameSession(t, user, other)
    await goOn(tale, other)
    t.like(await other.run(['push', session]), { state: 'pushed', seq: 2 })
    t.like(await user.run(['pull', session]), { state: 'fast-forward', seq: 2 })
    await sameSession(t, other, user)
    t.true((await readTranscript(user)).length > 60_000)
    for (const argv of [['list'], ['status'], ['undo']]) await user.run(argv)

    t.deepEqual(await snapshotRepo(commonDir), before)
    t.is(await user.machine.git(user.top, 'for-each-ref'), head)
    t.is(await user.machine.git(user.top, 'status', '--porcelain'), '')
    t.false((await readdir(user.machine.home)).includes('hook-ran'))
  })
}

/** The clone under test and a plain one on another machine, of a project with two commits. */
async function meet(t: ExecutionContext, prepare: Prepare, format: string) {
  const sandbox = await makeSandbox(t)
  const machine = await sandbox.machine('user')
  const elsewhere = await sandbox.machine('other')
  const remote = path.join(sandbox.folder, 'remote.git')
  await machine.git(machine.home, 'init', '--quiet', '--bare', `--object-format=${format}`, remote)
  await appendFile(path.join(remote, 'config'), '[uploadpack]\n\tallowFilter = true\n')
  const top = path.join(elsewhere.home, 'plain')
  // A clone of an empty remote does not learn its object format.
  await elsewhere.git(elsewhere.home, 'init', '--quiet', `--object-format=${format}`, top)
  await elsewhere.git(top, 'remote', 'add', 'origin', remote)
  for (const name of ['a', 'b']) {
    await writeFile(path.join(top, name), name)
    await elsewhere.git(top, 'add', name)
    await elsewhere.git(top, 'commit', '--quiet', '--message', name)
  }
  await elsewhere.git(top, 'push', '--quiet', 'origin', 'HEAD')
  const other = seatAt(elsewhere, top)
  const home = seatAt(machine, machine.home)
  const clone = await prepare({ seat: home, sandbox, remote })
  await other.run(['init'])
  await carryKey(elsewhere, machine)
  const user = seatAt(
    machine,
    path.join(machine.home, clone.top ?? clone.folder),
    path.join(machine.home, clone.folder),
  )
  return { user, other, commonDir: path.join(machine.home, clone.commonDir) }
}
