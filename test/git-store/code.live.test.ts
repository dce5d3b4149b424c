/** Index and work tree survive being taken and put in place again, whatever they hold. */

import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { appendFile, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { type ErrorCode, hasCode } from '../../src/errors.ts'
import { addWorktree } from '../../src/git-store/add-worktree.ts'
import { type CapturedCode, captureCode } from '../../src/git-store/capture-code.ts'
import { resolveRemote } from '../../src/git-store/remote.ts'
import { type Scratch, withScratch } from '../../src/git-store/scratch.ts'
import { adoptObjects, type CodeFiles, fetchNeeded, stageCode } from '../../src/git-store/stage-code.ts'
import { openStore } from '../../src/git-store/store.ts'
import { openUserRepo } from '../../src/git-store/user-repo.ts'
import type { Oid } from '../../src/model.ts'
import { type Seat, step, take } from '../support/random-work.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'
import { pictureOf } from '../support/work-tree.ts'
import { asOid } from './sandbox.ts'

const maxBytes = 50 * 1024 * 1024

interface Home {
  readonly laptop: Seat
  readonly desktop: Seat
  readonly remote: string
}

async function makeHome(t: ExecutionContext): Promise<Home> {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const sit = async (who: string): Promise<Seat> => {
    const machine = await sandbox.machine(who)
    return { machine, top: await checkout(machine, `file://${remote}`, 'app') }
  }
  const laptop = await sit('laptop')
  for (const key of ['uploadpack.allowFilter', 'uploadpack.allowAnySHA1InWant'])
    await laptop.machine.git(remote, 'config', key, 'true')
  return { laptop, desktop: await sit('desktop'), remote }
}

async function open({ machine, top }: Seat) {
  const repo = await openUserRepo(top, machine.env)
  return { repo, store: await openStore(repo, await resolveRemote(repo)) }
}

interface Carried {
  readonly code: CapturedCode
  /** Top of the new work tree. */
  readonly there: string
}

/** Takes the code of one seat and makes a work tree of it at the other. */
async function carry(from: Seat, to: Seat, name = 'copy', most = maxBytes): Promise<Carried> {
  const there = path.join(to.machine.home, name)
  const [a, b] = [await open(from), await open(to)]
  try {
    return await withScratch(a.store, async (scratch) => {
      const code = await captureCode(a.repo, a.store.remote, scratch, most)
      await withScratch(b.store, async (other) => {
        await fetchNeeded(b.repo, b.store.remote, code.state)
        const staged = await stageCode(b.repo, other, code)
        await adoptObjects(b.repo, other, staged, code)
        const plan = { branch: null, expected: null, told: null }
        await addWorktree(b.repo, b.store, other, staged, { dir: there, plan })
      })
      return { code, there }
    })
  } finally {
    await Promise.all([a.store.close(), b.store.close()])
  }
}

test('a symbolic link that is only meant to be added comes out as that', async (t) => {
  const { laptop, desktop } = await makeHome(t)
  await symlink('x', path.join(laptop.top, 'two words'))
  await laptop.machine.git(laptop.top, 'add', '--intent-to-add', '--', 'two words')
  const sent = await pictureOf(laptop.machine, laptop.top)
  const { there } = await carry(laptop, desktop)
  t.deepEqual(await pictureOf(desktop.machine, there), sent)
})

test('random work trees come out bit for bit, index included', async (t) => {
  const { laptop, desktop } = await makeHome(t)
  const start = await laptop.machine.git(laptop.top, 'rev-parse', 'HEAD')
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 6 }),
      fc.array(step, { minLength: 1, maxLength: 8 }),
      async (first, second) => {
        await laptop.machine.git(laptop.top, 'checkout', '--quiet', '--force', '--detach', start)
        await laptop.machine.git(laptop.top, 'clean', '--quiet', '-ffdx')
        for (const each of first) await take(laptop, each).catch(() => undefined)
        await laptop.machine.git(laptop.top, 'add', '--all')
        await laptop.machine.git(laptop.top, 'commit', '--quiet', '--allow-empty', '--message', 'first')
        for (const each of second) await take(laptop, each).catch(() => undefined)
        const sent = await pictureOf(laptop.machine, laptop.top)
        const before = await snapshotRepo(path.join(laptop.top, '.git'))
        const { there } = await carry(laptop, desktop, `copy-${run++}`)
        t.deepEqual(await snapshotRepo(path.join(laptop.top, '.git')), before)
        t.deepEqual(await pictureOf(desktop.machine, there), sent)
      },
    ),
    // Each takes a while: whoever hunts takes another seed, and `numRuns: 300`.
    { numRuns: 20 },
  )
})

/** A commit that was not pushed, something staged, something not, something new. */
async function someWork({ machine, top }: Seat): Promise<void> {
  await writeFile(path.join(top, 'notes'), 'one\n')
  await machine.git(top, 'add', 'notes')
  await machine.git(top, 'commit', '--quiet', '--message', 'notes')
  await appendFile(path.join(top, 'notes'), 'two\n')
  await machine.git(top, 'add', 'notes')
  await appendFile(path.join(top, 'notes'), 'three\n')
  await writeFile(path.join(top, 'new'), 'new\n')
}

type Kind = (home: Home) => Promise<{ readonly from?: Seat; readonly to?: Seat }>

/** Both at the same kind of clone of the same remote. */
function clonedBy(...args: readonly string[]): Kind {
  return async ({ laptop, desktop, remote }) => {
    await writeFile(path.join(laptop.top, 'second'), 'second\n')
    await laptop.machine.git(laptop.top, 'add', '.')
    await laptop.machine.git(laptop.top, 'commit', '--quiet', '--message', 'second')
    await laptop.machine.git(laptop.top, 'push', '--quiet', 'origin', 'HEAD')
    const seats: Seat[] = []
    for (const { machine } of [laptop, desktop]) {
      await machine.git(machine.home, 'clone', '--quiet', ...args, `file://${remote}`, 'kind')
      seats.push({ machine, top: path.join(machine.home, 'kind') })
    }
    const [from, to] = seats
    return from && to ? { from, to } : {}
  }
}

const kinds: Readonly<Record<string, Kind>> = {
  'a linked work tree': async ({ laptop: { machine, top } }) => {
    await machine.git(top, 'worktree', 'add', '--quiet', '-b', 'side', '../side')
    return { from: { machine, top: path.join(machine.home, 'side') } }
  },
  'a sparse checkout with a sparse index': async ({ laptop }) => {
    const { machine, top } = laptop
    for (const folder of ['in', 'out']) {
      await mkdir(path.join(top, folder))
      await writeFile(path.join(top, folder, 'file'), `${folder}\n`)
    }
    await machine.git(top, 'add', '.')
    await machine.git(top, 'commit', '--quiet', '--message', 'folders')
    await machine.git(top, 'sparse-checkout', 'set', '--cone', '--sparse-index', 'in')
    return {}
  },
  'a shallow clone': clonedBy('--depth=1'),
  'a partial clone': clonedBy('--filter=blob:none'),
  'a split index': async ({ laptop: { machine, top } }) => {
    await machine.git(top, 'update-index', '--split-index')
    return {}
  },
  'a clone that knows nothing of its remote': async ({ laptop: { machine, top } }) => {
    await machine.git(top, 'update-ref', '-d', 'refs/remotes/origin/main')
    return {}
  },
  'a commit that the receiver has to fetch': async ({ laptop: { machine, top } }) => {
    await machine.git(top, 'commit', '--quiet', '--allow-empty', '--message', 'pushed')
    await machine.git(top, 'push', '--quiet', 'origin', 'HEAD')
    return {}
  },
}

for (const [kind, prepare] of Object.entries(kinds)) {
  test(`code comes out the same from and to ${kind}`, async (t) => {
    const home = await makeHome(t)
    const { from = home.laptop, to = home.desktop } = await prepare(home)
    await someWork(from)
    const sent = await pictureOf(from.machine, from.top)
    const { there } = await carry(from, to)
    const got = await pictureOf(to.machine, there)
    // What a sparse checkout leaves out is there where nothing is left out.
    const { 'out/file': more, ...files } = got.files
    t.is(more, kind.includes('sparse') ? 'file out\n' : undefined)
    t.deepEqual({ ...got, files }, sent)
  })
}

test('code comes out the same in a SHA-256 repository', async (t) => {
  const sandbox = await makeSandbox(t)
  const [laptop, desktop] = [await sandbox.machine('laptop'), await sandbox.machine('desktop')]
  const remote = path.join(sandbox.folder, 'remote.git')
  await laptop.git(sandbox.folder, 'init', '--quiet', '--bare', '--object-format=sha256', remote)
  const top = path.join(laptop.home, 'app')
  await laptop.git(laptop.home, 'init', '--quiet', '--object-format=sha256', 'app')
  await laptop.git(top, 'remote', 'add', 'origin', remote)
  await laptop.git(top, 'commit', '--quiet', '--allow-empty', '--message', 'start')
  await laptop.git(top, 'push', '--quiet', 'origin', 'HEAD')
  await desktop.git(desktop.home, 'clone', '--quiet', remote, 'app')
  const [from, to] = [
    { machine: laptop, top },
    { machine: desktop, top: path.join(desktop.home, 'app') },
  ]
  await someWork(from)
  const sent = await pictureOf(laptop, top)
  t.is(sent.head.trim().length, 64)
  t.deepEqual(await pictureOf(desktop, (await carry(from, to)).there), sent)
})

test('nothing of the user’s runs on the sender, and bytes stay what they are', async (t) => {
  const { laptop, desktop } = await makeHome(t)
  const { machine, top } = laptop
  await writeFile(
    path.join(top, '.gitattributes'),
    '*.txt text filter=spy diff=spy ident\n*.lf text eol=lf\n',
  )
  await writeFile(path.join(top, 'a.txt'), 'a\n')
  await writeFile(path.join(top, 'b.lf'), 'b\n')
  await machine.git(top, 'add', '.')
  await machine.git(top, 'commit', '--quiet', '--message', 'files')
  const ran = path.join(machine.home, 'ran')
  const spy = path.join(machine.home, 'spy')
  await writeFile(spy, `#!/bin/sh\necho "$0 $*" >> '${ran}'\nexit 1\n`, { mode: 0o755 })
  const hooks = path.join(machine.home, 'hooks')
  await mkdir(hooks)
  for (const hook of ['post-index-change', 'reference-transaction', 'post-checkout', 'pre-auto-gc'])
    await symlink(spy, path.join(hooks, hook))
  for (const file of ['a.txt', 'b.lf', 'c.txt']) await writeFile(path.join(top, file), `$Id$ changed\r\n`)
  const config = [
    ...['core.fsmonitor', spy, 'core.hooksPath', hooks, 'filter.spy.clean', spy, 'filter.spy.smudge', spy],
    ...[
      'filter.spy.required',
      'true',
      'diff.spy.textconv',
      spy,
      'diff.external',
      spy,
      'core.autocrlf',
      'true',
    ],
    ...['core.safecrlf', 'true', 'core.splitIndex', 'true', 'core.untrackedCache', 'true'],
    ...['commit.gpgSign', 'true', 'gpg.program', spy, 'core.pager', spy, 'bundle.version', '9'],
  ]
  for (let at = 0; at < config.length; at += 2)
    await machine.git(top, 'config', config[at] ?? '', config[at + 1] ?? '')
  const { there } = await carry(laptop, desktop)
  t.false(existsSync(ran), 'something ran')
  const { files } = await pictureOf(desktop.machine, there)
  t.like(files, {
    'a.txt': 'file $Id$ changed\r\n',
    'b.lf': 'file $Id$ changed\r\n',
    'c.txt': 'file $Id$ changed\r\n',
  })
})

interface Refused {
  readonly prepare: (seat: Seat) => Promise<unknown>
  readonly code: ErrorCode
  readonly message: RegExp
  readonly most?: number
}

async function conflict({ machine, top }: Seat): Promise<void> {
  for (const branch of ['one', 'two']) {
    await machine.git(top, 'checkout', '--quiet', '-b', branch, 'origin/main')
    await writeFile(path.join(top, 'both'), `${branch}\n`)
    await machine.git(top, 'add', '.')
    await machine.git(top, 'commit', '--quiet', '--message', branch)
  }
}

const refused: Readonly<Record<string, Refused>> = {
  'a merge in progress': {
    prepare: async (seat) => {
      await conflict(seat)
      return seat.machine.run('git', ['merge', 'one'], { cwd: seat.top })
    },
    code: 'changes-unsupported',
    message: /^a merge is in progress/,
  },
  'a rebase in progress': {
    prepare: async (seat) => {
      await conflict(seat)
      return seat.machine.run('git', ['rebase', 'one'], { cwd: seat.top })
    },
    code: 'changes-unsupported',
    message: /^a rebase is in progress/,
  },
  'conflicts in the index': {
    prepare: async (seat) => {
      await conflict(seat)
      await seat.machine.run('git', ['merge', 'one'], { cwd: seat.top })
      await seat.machine.git(seat.top, 'merge', '--quit')
    },
    code: 'changes-unsupported',
    message: /^both has conflicts/,
  },
  'a branch without a commit': {
    prepare: ({ machine, top }) => machine.git(top, 'checkout', '--quiet', '--orphan', 'fresh'),
    code: 'changes-unsupported',
    message: /no commit yet/,
  },
  'files that are too large': {
    prepare: ({ top }) => writeFile(path.join(top, 'large.bin'), Buffer.alloc(200_000)),
    code: 'changes-too-large',
    message: /\(the largest is large\.bin\) have 0\.2 MiB; 0\.1 MiB may travel/,
    most: 100_000,
  },
  'unpushed commits that are too large': {
    prepare: async ({ machine, top }) => {
      await writeFile(path.join(top, 'large.bin'), randomBytes(200_000))
      await machine.git(top, 'add', '.')
      await machine.git(top, 'commit', '--quiet', '--message', 'large')
    },
    code: 'changes-too-large',
    message: /^the unpushed commits have 0\.2 MiB/,
    most: 100_000,
  },
  'a shallow clone whose cut-off commits the remote is not known to have': {
    prepare: async ({ machine, top }) => {
      await machine.git(top, 'commit', '--quiet', '--allow-empty', '--message', 'second')
      const head = await machine.git(top, 'rev-parse', 'HEAD')
      await writeFile(path.join(top, '.git/shallow'), `${head}\n`)
    },
    code: 'changes-unsupported',
    message: /^this clone is shallow/,
  },
}

for (const [what, { prepare, code, message, most }] of Object.entries(refused)) {
  test(`refuses ${what}, and says the way out`, async (t) => {
    const { laptop, desktop } = await makeHome(t)
    await prepare(laptop)
    const error = await t.throwsAsync(carry(laptop, desktop, 'copy', most))
    if (!hasCode(error, code)) return t.fail(String(error))
    t.regex(error.message, message)
    t.truthy(error.hint)
  })
}

test('a submodule travels as a pointer, a repository inside not at all, and both are said', async (t) => {
  const { laptop, desktop, remote } = await makeHome(t)
  const { machine, top } = laptop
  const add = ['-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', remote, 'lib']
  await machine.git(top, ...add)
  await machine.git(top, 'commit', '--quiet', '--message', 'lib')
  await machine.git(path.join(top, 'lib'), 'commit', '--quiet', '--allow-empty', '--message', 'inside')
  await machine.git(top, 'init', '--quiet', 'nested')
  await writeFile(path.join(top, 'nested/file'), 'nested\n')
  await writeFile(path.join(top, 'new'), 'new\n')
  const { code, there } = await carry(laptop, desktop)
  t.is(code.notes.length, 2)
  t.regex(code.notes[0] ?? '', /^the submodule lib stands at another commit/)
  t.regex(code.notes[1] ?? '', /^nested\/ is a repository of its own/)
  const got = await pictureOf(desktop.machine, there)
  t.is(got.index, (await pictureOf(machine, top)).index)
  t.is(got.status, '? new\0')
})

interface Forged {
  readonly index: readonly string[]
  readonly worktree: readonly string[]
  readonly message: RegExp
}

const evil = '100644 blob <blob>\t'
const forged: Readonly<Record<string, Forged>> = {
  'a file in .git': {
    index: [],
    worktree: ['040000 tree <tree>\t.git'],
    message: /^git refuses the code of the session: .*\.git/,
  },
  'a file in .GIT': { index: ['040000 tree <tree>\t.GIT'], worktree: [], message: /^git refuses the code/ },
  'a file in what HFS+ takes for .git': {
    index: [],
    worktree: ['040000 tree <tree>\t.g\u200cit'],
    message: /^git refuses the code/,
  },
  'a file in what NTFS takes for .git': {
    index: [],
    worktree: ['040000 tree <tree>\tgit~1'],
    message: /^git refuses the code/,
  },
  'a parent folder': { index: [], worktree: ['040000 tree <tree>\t..'], message: /^git refuses the code/ },
  'a link and a folder of one name': {
    index: [],
    worktree: ['120000 blob <blob>\td', '040000 tree <tree>\td'],
    message: /^git refuses the code/,
  },
  'a stream of .git': { index: [], worktree: [`${evil}.git:x`], message: /^git refuses|holds the path/ },
}

/** Bundles by somebody who builds trees by hand. */
async function forge(
  seat: Seat,
  scratch: Scratch,
  by: Pick<Forged, 'index' | 'worktree'>,
): Promise<CodeFiles> {
  const head = asOid(await seat.machine.git(seat.top, 'rev-parse', 'HEAD'))
  const put = async (args: readonly string[], input: string) =>
    asOid((await scratch.git(args, { input })).toString().trim())
  const blob = await put(['hash-object', '-w', '--stdin'], '/nowhere')
  const tree = await put(['mktree'], `100644 blob ${blob}\tfile\n`)
  const commit = async (rows: readonly string[], parent: Oid) => {
    const text = rows.map((row) => `${row.replace('<blob>', blob).replace('<tree>', tree)}\n`).join('')
    const made = await put(['mktree'], text)
    const identity = {
      GIT_AUTHOR_NAME: 'e',
      GIT_AUTHOR_EMAIL: 'e',
      GIT_COMMITTER_NAME: 'e',
      GIT_COMMITTER_EMAIL: 'e',
    }
    const printed = await scratch.git(['commit-tree', made, '-p', parent], {
      input: 'x',
      environment: identity,
    })
    return asOid(printed.toString().trim())
  }
  const index = await commit(by.index, head)
  const worktree = await commit(by.worktree, index)
  await scratch.git(['update-ref', 'refs/code/index', index])
  await scratch.git(['update-ref', 'refs/code/worktree', worktree])
  const changes = scratch.path('forged.bundle')
  const refs = ['refs/code/index', 'refs/code/worktree', `^${head}`]
  await scratch.git(['bundle', 'create', '--quiet', changes, ...refs])
  const counts = { commits: 0, staged: 0, unstaged: 0, untracked: 0 }
  const state = {
    format: 1,
    head,
    branch: null,
    upstream: null,
    needs: [head],
    index,
    worktree,
    intent: null,
    counts,
  } as const
  return { state, commits: null, changes }
}

test('code that would write outside of its folder or into .git is refused, whoever sent it', async (t) => {
  const { laptop, desktop } = await makeHome(t)
  const [a, b] = [await open(laptop), await open(desktop)]
  t.teardown(async () => {
    await Promise.all([a.store.close(), b.store.close()])
  })
  for (const [what, by] of Object.entries(forged)) {
    await withScratch(a.store, async (scratch) => {
      const files = await forge(laptop, scratch, by)
      const error = await t.throwsAsync(
        withScratch(b.store, (other) => stageCode(b.repo, other, files)),
        undefined,
        what,
      )
      if (!hasCode(error, 'unsafe-bundle')) return t.fail(`${what}: ${error}`)
      t.regex(error.message, by.message, what)
      const { state } = files
      const lying = { ...files, state: { ...state, worktree: state.index } }
      const lie = await t.throwsAsync(withScratch(b.store, (other) => stageCode(b.repo, other, lying)))
      t.true(hasCode(lie, 'damaged-bundle'), what)
    })
  }
})

test('a link that is staged is never written through', async (t) => {
  const { laptop, desktop } = await makeHome(t)
  const { machine, top } = laptop
  const outside = path.join(desktop.machine.home, 'outside')
  await mkdir(outside)
  await symlink(outside, path.join(top, 'd'))
  await machine.git(top, 'add', '.')
  await rm(path.join(top, 'd'))
  await mkdir(path.join(top, 'd'))
  await writeFile(path.join(top, 'd/file'), 'mine\n')
  const sent = await pictureOf(machine, top)
  const { there } = await carry(laptop, desktop)
  t.deepEqual(await readdir(outside), [])
  t.deepEqual(await pictureOf(desktop.machine, there), sent)
})
