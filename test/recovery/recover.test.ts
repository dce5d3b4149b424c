/** docs/recover.sh: a session comes back with git, age, brotli and tar alone, run by the plainest shell there is. */

import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import type { SessionCursor } from '../../src/demo/generate-session.ts'
import { continueSession, writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { teleported } from '../support/in-process.ts'
import { dig, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, must, type Sandbox } from '../support/sandbox.ts'
import { findProgram, type Logged, needTool } from '../support/tools.ts'

const script = path.resolve(import.meta.dirname, '../../../docs/recover.sh')
const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')
const ref = `refs/teleport/sessions/${session}`
const shell = findProgram('dash') ?? 'sh'

const hasTools = (t: Logged) => ['age', 'brotli', 'tar'].every((name) => needTool(t, name))

/** A session of several pushes in `top`, as its author has it on the disk. */
function makeStory(laptop: Machine, top: string) {
  const options = {
    session,
    seed: 'recovery',
    bytes: 120_000,
    startTime: Date.UTC(2026, 10, 20),
    home: laptop.home,
    config: laptop.config,
    root: top,
  }
  let cursor: SessionCursor
  let transcript = ''
  const push = async (...more: readonly string[]) =>
    dig((await teleported(laptop, ['push', '--json', ...more], { cwd: top })).json(), 'segments')
  return {
    push,
    transcript: () => transcript,
    async begin() {
      ;({ cursor, transcript } = await writeSession(options))
      return push()
    },
    async goOn(bytes: number) {
      ;({ cursor } = await continueSession(options, cursor, bytes))
      return push()
    },
  }
}

async function recover(sandbox: Sandbox, machine: Machine, name: string, ...args: readonly string[]) {
  const out = path.join(machine.home, name)
  const ran = await machine.run(shell, [
    script,
    path.join(sandbox.folder, 'remote.git'),
    session,
    ...args.slice(0, 1),
    out,
    ...args.slice(1),
  ])
  return { ...ran, out }
}

const keyOf = (machine: Machine) => path.join(machine.home, '.config/git-teleport/id_ed25519')

/** Every file below `folder` with its bytes. */
async function contents(folder: string): Promise<Readonly<Record<string, Buffer>>> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  const read = files.sort().map(async (file) => [path.relative(folder, file), await readFile(file)] as const)
  return Object.fromEntries(await Promise.all(read))
}

/** The bundle as its author would export it now: the same logical names, straight from the disk. */
async function exported(machine: Machine, top: string, name: string) {
  const archive = path.join(machine.home, `${name}.tar.gz`)
  const folder = path.join(machine.home, name)
  await teleported(machine, ['export', session, '--output', archive], { cwd: top })
  must(
    await machine.run('sh', [
      '-c',
      'mkdir "$2" && tar -xzf "$1" -C "$2" && rm "$2/meta.json"',
      'sh',
      archive,
      folder,
    ]),
    'tar',
  )
  return contents(folder)
}

test('a session of appends, a rewrite and merged segments comes back byte for byte, for each reader', async (t) => {
  if (!hasTools(t)) return
  const sandbox = await makeSandbox(t)
  const laptop = await sandbox.machine('laptop')
  const desktop = await sandbox.machine('desktop')
  const top = await checkout(laptop, await sandbox.bareRemote(), 'code/app')
  await teleported(laptop, ['init'], { cwd: top })
  const other = await teleported(desktop, ['init', '--json'], { cwd: desktop.home })
  await teleported(laptop, ['key', 'trust', '--yes', stringAt(other.json(), 'publicKey') ?? ''], { cwd: top })

  const story = makeStory(laptop, top)
  const segments = [
    await story.begin(),
    await story.goOn(9000),
    await story.goOn(9000),
    await story.goOn(9000),
  ]
  t.deepEqual(segments, [1, 2, 3, 4])
  const early = await recover(sandbox, laptop, 'early', keyOf(laptop))
  t.is(early.exitCode, 0, early.stderr)
  t.is(early.stdout, `${early.out}/session.jsonl\n`)
  const before = await exported(laptop, top, 'exported-early')
  t.deepEqual(await contents(early.out), before)
  const folders = new Set(Object.keys(before).map((name) => name.split('/')[0]))
  for (const name of ['session.jsonl', 'session-subdir', 'file-history', 'tasks', 'uploads', 'history.jsonl'])
    t.true(folders.has(name), name)

  // Somebody cut the transcript, and a task is done with: a whole file, a gone one, and the small segments merged.
  const [first = '', ...rest] = (await readFile(story.transcript(), 'utf8')).split('\n')
  await writeFile(story.transcript(), [first, ...rest.slice(2)].join('\n'))
  await rm(path.join(laptop.config, 'tasks', session, '1.json'))
  const merged = Number(await story.push('--force'))
  t.true(merged < 4, `${merged} segments`)
  const middle = await recover(sandbox, laptop, 'middle', keyOf(laptop))
  t.is(middle.exitCode, 0, middle.stderr)
  const rewritten = await exported(laptop, top, 'exported-middle')
  t.false('tasks/1.json' in rewritten)
  t.deepEqual(await contents(middle.out), rewritten)

  // It goes on, the task is back, and the other reader is just as good.
  t.is(await story.goOn(9000), merged + 1)
  const late = await recover(sandbox, desktop, 'late', keyOf(desktop))
  t.is(late.exitCode, 0, late.stderr)
  const after = await exported(laptop, top, 'exported-late')
  t.true('tasks/1.json' in after)
  t.deepEqual(await contents(late.out), after)
  t.deepEqual(await readFile(path.join(late.out, 'session.jsonl')), await readFile(story.transcript()))
})

test('git accepts the signature of the device that pushed, and recovery refuses any other', async (t) => {
  if (!hasTools(t)) return
  const sandbox = await makeSandbox(t)
  const laptop = await sandbox.machine('laptop')
  const stranger = await sandbox.machine('stranger')
  // A repository of SHA-256 objects: the same steps hold there.
  const remote = path.join(sandbox.folder, 'remote.git')
  const top = path.join(laptop.home, 'app')
  await laptop.git(laptop.home, 'init', '--quiet', '--bare', '--object-format=sha256', remote)
  await laptop.git(laptop.home, 'init', '--quiet', '--object-format=sha256', top)
  await laptop.git(top, 'commit', '--quiet', '--allow-empty', '--message', 'start')
  await laptop.git(top, 'remote', 'add', 'origin', remote)
  await laptop.git(top, 'push', '--quiet', 'origin', 'HEAD')
  await teleported(laptop, ['init'], { cwd: top })
  await teleported(stranger, ['init'], { cwd: stranger.home })
  await makeStory(laptop, top).begin()

  const signersOf = async (machine: Machine) => {
    const file = path.join(laptop.home, `signers-of-${machine.name}`)
    const [type, key] = (await readFile(`${keyOf(machine)}.pub`, 'utf8')).split(' ')
    await writeFile(file, `${machine.name}@example.org namespaces="git" ${type} ${key}\n`)
    return file
  }
  const config = `gpg.ssh.allowedSignersFile=${await signersOf(laptop)}`
  await laptop.git(top, 'fetch', '--quiet', 'origin', ref)
  const verified = await laptop.run('git', ['-c', config, 'verify-commit', 'FETCH_HEAD'], { cwd: top })
  t.is(verified.exitCode, 0)
  t.true(verified.stderr.includes('Good "git" signature for laptop@example.org'), verified.stderr)

  const known = await recover(sandbox, laptop, 'known', keyOf(laptop), await signersOf(laptop))
  t.is(known.exitCode, 0, known.stderr)
  t.deepEqual(await contents(known.out), await exported(laptop, top, 'exported'))
  const unknown = await recover(sandbox, laptop, 'unknown', keyOf(laptop), await signersOf(stranger))
  t.not(unknown.exitCode, 0)
  t.deepEqual(await readdir(unknown.out), [])
  const locked = await recover(sandbox, stranger, 'locked', keyOf(stranger))
  t.not(locked.exitCode, 0)
  t.deepEqual(await readdir(locked.out), [])
  t.is((await laptop.run(shell, [script])).exitCode, 2)
})

test('a name that leads out of the folder is refused', async (t) => {
  if (!hasTools(t)) return
  const sandbox = await makeSandbox(t)
  const laptop = await sandbox.machine('laptop')
  await sandbox.bareRemote()
  // A session made by hand, with the same four programs: `outside` is where its only row wants to be written.
  const byHand = `
    set -eu
    ssh-keygen -q -t ed25519 -N '' -f key
    age-keygen -o identity 2>/dev/null
    recipient=$(age-keygen -y identity)
    printf '{"v":1,"pieces":[\\n{"name":"../outside","gen":1,"op":"whole","at":0,"size":2,"sha256":"0"}\\n]}\\n' >pieces.json
    echo x >x
    tar -cf tar --transform 's,^x$,../outside,' -P pieces.json x
    git init -q app && cd app && mkdir segments
    age -R ../key.pub -o key.age ../identity
    brotli --stdout ../tar | age -r "$recipient" -o segments/0001
    git add . && git commit -q -m session
    git push -q ../../../remote.git HEAD:${ref}
  `
  must(await laptop.run('sh', ['-c', byHand]), 'making a session by hand')
  const ran = await recover(sandbox, laptop, 'recovered', path.join(laptop.home, 'key'))
  t.is(ran.exitCode, 6, ran.stderr)
  t.true(ran.stderr.includes('leads out of the folder'), ran.stderr)
  t.deepEqual(await readdir(ran.out), [])
  t.false((await readdir(laptop.home)).includes('outside'))
})
