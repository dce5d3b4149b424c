/** What is wrong on this machine or with the command's words: a clear error, and nothing is lost. */

import { chmod, cp, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { exportKey } from '../../src/crypto/device-key.ts'
import { parseSessionId } from '../../src/model.ts'
import { teleport, teleported } from '../support/in-process.ts'
import { dig, recordsIn } from '../support/json.ts'
import { keyOf } from './forge.ts'
import {
  type Refusal,
  refuses,
  type SharedWorld,
  seat,
  session,
  sharedWorld,
  sibling,
  tell,
  unknown,
} from './shared-world.ts'

const shared = sharedWorld((work) => test.after.always(work))

type Case = Omit<Refusal, 'at'> & {
  readonly at: keyof Pick<SharedWorld, 'laptop' | 'desktop' | 'tablet' | 'eve'>
}

function refusedFor(
  name: string,
  cases: readonly Case[] | ((world: SharedWorld) => Promise<readonly Case[]>),
): void {
  test.serial(name, async (t) => {
    const world = await shared()
    for (const { at, ...wanted } of typeof cases === 'function' ? await cases(world) : cases) {
      await refuses(t, world, { at: world[at], ...wanted })
    }
  })
}

refusedFor(
  'outside of a repository, and in a bare one, nothing works but says where to go',
  async (world) => {
    const plain = path.join(world.laptop.machine.home, 'plain')
    await mkdir(plain)
    const at = (cwd: string, verb: string): Case => ({
      at: 'laptop',
      argv: [verb],
      cwd,
      exit: 7,
      code: 'no-repository',
      message: /is not inside a Git repository with a work tree/,
      hint: /^cd into your project and run the command again$/,
    })
    return [at(plain, 'push'), at(plain, 'list'), at(world.remote, 'push'), at(world.remote, 'pull')]
  },
)

refusedFor('without a remote, with several, and with one that is not there', async ({ laptop }) => {
  const top = path.join(laptop.machine.home, 'lonely')
  await mkdir(top)
  await laptop.machine.git(top, 'init', '--quiet')
  const many = path.join(laptop.machine.home, 'many')
  await cp(top, many, { recursive: true })
  await laptop.machine.git(many, 'remote', 'add', 'blue', '/nowhere/blue.git')
  await laptop.machine.git(many, 'remote', 'add', 'green', '/nowhere/green.git')
  return [
    {
      at: 'laptop',
      argv: ['push'],
      cwd: top,
      exit: 7,
      code: 'no-remote',
      message: /^this repository has no remote$/,
      hint: /^git remote add origin <url>$/,
    },
    {
      at: 'laptop',
      argv: ['push'],
      cwd: many,
      exit: 2,
      code: 'ambiguous-remote',
      message: /blue, green$/,
      hint: /^git config teleport\.remote <name>$/,
    },
    {
      at: 'laptop',
      argv: ['list', '--remote', 'blue'],
      cwd: many,
      exit: 4,
      code: 'remote-access',
      message: /^git cannot reach the remote blue/,
      hint: /^git ls-remote blue HEAD$/,
    },
    {
      at: 'laptop',
      argv: ['push', '--remote', 'red'],
      exit: 7,
      code: 'no-remote',
      message: /^there is no remote named "red"$/,
      hint: /^git remote -v$/,
    },
  ]
})

refusedFor('sessions that there are not', [
  {
    at: 'eve',
    argv: ['push'],
    exit: 3,
    code: 'no-session',
    message: /^no Claude Code session was started in /,
    hint: /claude$/,
  },
  {
    at: 'laptop',
    argv: ['push', unknown],
    exit: 3,
    code: 'no-session',
    message: new RegExp(`^no session ${unknown} on this machine$`),
    hint: new RegExp(`^git teleport pull ${unknown}$`),
  },
  {
    at: 'laptop',
    argv: ['export', 'deadbeef'],
    exit: 3,
    code: 'no-session',
    message: /^no session deadbeef/,
    hint: /^git teleport pull deadbeef$/,
  },
  {
    at: 'tablet',
    argv: ['pull', 'deadbeef'],
    exit: 3,
    code: 'no-remote-session',
    message: /^no session deadbeef on origin \(/,
    hint: /^git teleport list$/,
  },
  {
    at: 'tablet',
    argv: ['show', unknown],
    exit: 3,
    code: 'no-remote-session',
    message: /on origin/,
    hint: /^git teleport list$/,
  },
  {
    at: 'tablet',
    argv: ['show', session, '--offline'],
    exit: 3,
    code: 'no-remote-session',
    message: /has not been fetched$/,
    hint: new RegExp(`^git teleport fetch ${session}$`),
  },
  {
    at: 'tablet',
    argv: ['rm', unknown, '--yes'],
    exit: 3,
    code: 'no-remote-session',
    message: /on origin/,
    hint: /^git teleport list$/,
  },
  {
    at: 'tablet',
    argv: ['undo'],
    exit: 3,
    code: 'nothing-to-undo',
    message: /no pull/,
    hint: /^git teleport status$/,
  },
])

const both = new RegExp(`${session} ${sibling}|${sibling} ${session}`)

/** What the remote's indexes say was verified, and may be remembered. */
const except = /\.git\/teleport\/(?:refs\/remote\/[^/]+\/index|cache)\//
const fitsBoth = {
  exit: 2,
  code: 'ambiguous-session',
  message: both,
  hint: /git teleport list$/,
  except,
} as const

refusedFor('prefixes that fit two sessions name both', [
  { ...fitsBoth, at: 'laptop', argv: ['push', '5b1e3f2a'] },
  { ...fitsBoth, at: 'tablet', argv: ['pull', '5B1E3F2A'] },
  { ...fitsBoth, at: 'tablet', argv: ['pull'] },
])

const odd = ['../../../etc/passwd', '5b1e*', `${session}:refs/heads/main`, '\u001b]0;x\u0007']

refusedFor('every verb takes for an id only what could be one', () =>
  Promise.resolve(
    ['push', 'show', 'rm', 'export', 'fetch', ...odd.map(() => 'pull')].map(
      (verb, index): Case => ({
        at: 'laptop',
        argv: [verb, odd[index % odd.length] ?? ''],
        exit: 2,
        code: 'bad-session-id',
        message: /is not a session id$/,
        hint: /^git teleport list$/,
      }),
    ),
  ),
)

refusedFor('what looks like an option is an option of ours or nothing', [
  {
    at: 'laptop',
    argv: ['push', '--', '--upload-pack=touch pwned'],
    exit: 2,
    code: 'bad-session-id',
    message: /^"--upload-pack=touch pwned" is not a session id$/,
    hint: /list/,
  },
  {
    at: 'laptop',
    argv: ['pull', '--upload-pack=touch pwned'],
    exit: 2,
    code: 'usage',
    message: /upload-pack/,
    hint: /^git-teleport pull --help$/,
  },
  {
    at: 'laptop',
    argv: ['pull', '--remote=--upload-pack=touch pwned'],
    exit: 7,
    code: 'no-remote',
    message: /^there is no remote named "--upload-pack=touch pwned"$/,
    hint: /git remote -v/,
  },
  {
    at: 'laptop',
    argv: ['pull', '--remote', '/tmp/somewhere.git'],
    exit: 7,
    code: 'no-remote',
    message: /no remote named/,
    hint: /git remote -v/,
  },
])

refusedFor('remote URLs that would run a program are not used', async ({ laptop }) => {
  const urls = {
    runs: 'ext::sh -c touch% pwned',
    dashed: '--upload-pack=touch pwned',
    broken: 'a\u001b[31mb',
  }
  for (const [name, url] of Object.entries(urls))
    await laptop.machine.git(laptop.top, 'config', `remote.${name}.url`, url)
  return Object.keys(urls).map(
    (name): Case => ({
      at: 'laptop',
      argv: ['list', '--remote', name],
      exit: 4,
      code: 'remote-access',
      message: new RegExp(`^the URL of remote "${name}" must not be used$`),
      hint: new RegExp(`^git remote set-url ${name} <url>$`),
    }),
  )
})

test.serial('a host that refuses the refs is quoted, its escape sequences spelled out', async (t) => {
  const world = await shared()
  const hook = path.join(world.remote, 'hooks/pre-receive')
  await writeFile(
    hook,
    '#!/bin/sh\nprintf "refs/teleport is \\033[31mclosed\\033[0m here\\033]0;owned\\007\\n" >&2\nexit 1\n',
    { mode: 0o755 },
  )
  const { transcript } = await tell(world.laptop, unknown, 3_000)
  try {
    const told = await refuses(t, world, {
      at: world.laptop,
      argv: ['push', unknown],
      exit: 4,
      code: 'remote-refused',
      message:
        /^origin refused the update: .*pre-receive hook declined.* \(refs\/teleport is .*closed.* here/,
      hint: /whoever runs the host/,
    })
    t.notRegex(told.stderr, /[\u001b\u0007]/)
  } finally {
    await rm(hook)
    await rm(transcript)
  }
})

const noKey: Omit<Case, 'argv' | 'at'> = {
  exit: 4,
  code: 'no-key',
  message: /^there is no key at \/.*id_ed25519$/,
  hint: /^git teleport init$/,
  env: { XDG_CONFIG_HOME: '/nonexistent' },
}

refusedFor('without a key', [
  { ...noKey, at: 'laptop', argv: ['push', session] },
  { ...noKey, at: 'tablet', argv: ['pull', session] },
  { ...noKey, at: 'tablet', argv: ['list'] },
  { ...noKey, at: 'tablet', argv: ['key', 'show'] },
  {
    ...noKey,
    at: 'tablet',
    argv: ['key', 'export', '--passphrase-file', '-'],
    stdin: 'four words of mine\n',
  },
])

test.serial('a key that others can read is not used', async (t) => {
  const world = await shared()
  const key = keyFile(world.tablet.machine.home)
  await chmod(key, 0o640)
  for (const argv of [['list'], ['pull', session], ['init'], ['push', session]]) {
    await refuses(t, world, {
      at: world.tablet,
      argv,
      exit: 4,
      code: 'key-permissions',
      message: /^other users can read the private key \/.*id_ed25519$/,
      hint: /^chmod 600 '\/.*id_ed25519'$/,
    })
  }
  await chmod(key, 0o600)
})

test.serial('a key under a passphrase is asked for, and without a terminal refused', async (t) => {
  const world = await shared()
  const guarded = await seat(world.sandbox, world.remote, 'guarded')
  const file = keyFile(guarded.machine.home)
  await mkdir(path.dirname(file), { recursive: true })
  await guarded.machine.run('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-N',
    'secret words',
    '-a',
    '2',
    '-f',
    file,
  ])
  await tell(guarded, unknown, 3_000)
  for (const argv of [
    ['push', unknown],
    ['key', 'export', '--passphrase-file', '-'],
  ]) {
    await refuses(t, world, {
      at: guarded,
      argv,
      stdin: 'four words of mine\n',
      exit: 4,
      code: 'passphrase-needed',
      message: /^a passphrase is needed for the key \/.*id_ed25519, and there is no terminal to ask on$/,
      hint: /terminal/,
    })
  }
})

test.serial('an exported key opens with its passphrase only, and replaces none', async (t) => {
  const world = await shared()
  const exported = await exportKey(await keyOf(world.laptop), 'four words of mine', { workFactor: 8 })
  const { home } = world.eve.machine
  const [file, right, wrong, empty] = ['key.txt', 'right', 'wrong', 'empty'].map((name) =>
    path.join(home, name),
  )
  await writeFile(file ?? '', exported)
  await writeFile(right ?? '', 'four words of mine\n')
  await writeFile(wrong ?? '', 'four words of yours\n')
  await writeFile(empty ?? '', '\n')
  const bring = { at: world.eve, exit: 4 } as const
  const argv = (from = '', passphrase = '') => ['key', 'import', from, '--passphrase-file', passphrase]
  await refuses(t, world, {
    ...bring,
    argv: argv(file, wrong),
    code: 'wrong-passphrase',
    message: /does not open the exported key$/,
    hint: null,
  })
  await refuses(t, world, {
    ...bring,
    argv: argv(file, empty),
    code: 'passphrase-needed',
    message: /the first line of .* is empty$/,
    hint: /write the passphrase/,
  })
  await refuses(t, world, {
    ...bring,
    argv: argv(file, right),
    code: 'key-exists',
    message: /id_ed25519 exists already and is not replaced$/,
    hint: /./,
  })
  await refuses(t, world, {
    ...bring,
    argv: argv(right, right),
    code: 'bad-key',
    message: /not a key that was exported/,
    hint: /key export/,
  })
  await refuses(t, world, {
    ...bring,
    argv: ['key', 'import', file ?? ''],
    code: 'passphrase-needed',
    message: /no terminal to ask on$/,
    hint: /--passphrase-file/,
  })
  await refuses(t, world, {
    ...bring,
    argv: ['key', 'import', '/nonexistent', '--passphrase-file', right ?? ''],
    exit: 1,
    code: 'failed',
    message: /ENOENT while reading \/nonexistent/,
    hint: null,
  })
  await refuses(t, world, {
    ...bring,
    argv: ['key', 'trust', 'ssh-ed25519 AAAA', '--yes'],
    code: 'bad-key',
    message: /./,
    hint: null,
  })
  await refuses(t, world, {
    ...bring,
    argv: ['key', 'trust', 'ssh-ed25519 AAAA'],
    exit: 2,
    code: 'needs-confirmation',
    message: /Believe sessions signed by/,
    hint: /--yes/,
  })
})

test.serial('a session without a conversation is not sent', async (t) => {
  const world = await shared()
  const { config } = world.eve.machine
  const folder = path.join(config, 'projects', world.eve.top.replace(/[^A-Za-z0-9]/g, '-'))
  await mkdir(folder, { recursive: true })
  const row = { type: 'mode', mode: 'default', sessionId: unknown, cwd: world.eve.top }
  await writeFile(path.join(folder, `${unknown}.jsonl`), `${JSON.stringify(row)}\n`)
  await refuses(t, world, {
    at: world.eve,
    argv: ['push', unknown],
    exit: 3,
    code: 'empty-session',
    message: /no conversation|holds/,
    hint: /./,
  })
})

test.serial('a push by a clock that is three days ahead is refused by everybody else', async (t) => {
  const world = await shared()
  const ahead = parseSessionId('aaaaaaaa-91c4-4d6f-9a37-0123456789ab')
  await tell(world.laptop, ahead, 3_000)
  const now = () => new Date(Date.now() + 3 * 86_400_000)
  await teleported(world.laptop.machine, ['push', ahead], { cwd: world.laptop.top, now })
  for (const argv of [
    ['pull', ahead],
    ['fetch', ahead],
    ['show', ahead],
  ]) {
    await refuses(t, world, {
      at: world.tablet,
      argv,
      exit: 6,
      code: 'clock-skew',
      message: /is in the future here$/,
      hint: /date -u/,
    })
  }
})

test.serial('a damaged record, index cache or audience is made anew', async (t) => {
  const { desktop, laptop } = await shared()
  const store = path.join(desktop.top, '.git/teleport')
  await teleported(desktop.machine, ['list'], { cwd: desktop.top })
  const [key = ''] = await readdir(path.join(store, 'state'))
  const record = path.join(store, 'state', key, `${session}.json`)
  const [index = ''] = await readdir(path.join(store, 'cache', key))
  const before: unknown = JSON.parse(await readFile(record, 'utf8'))
  for (const damage of ['', '{"format":1', '{"format":9}', '[]', 'null', '\0\0\0\0']) {
    await writeFile(record, damage)
    await writeFile(path.join(store, 'cache', key, index), damage)
    const told = await teleported(desktop.machine, ['pull', session, '--json'], { cwd: desktop.top })
    t.like(JSON.parse(told.stdout), { state: 'same', seq: 2 })
    t.regex(
      told.stderr,
      /^git-teleport: warning: the record of session \S+ could not be read and is rebuilt$/m,
    )
    t.like(JSON.parse(await readFile(record, 'utf8')), { current: { seq: 2, session } })
    const listed = await teleported(desktop.machine, ['list', '--json'], { cwd: desktop.top })
    t.is(recordsIn(dig(JSON.parse(listed.stdout), 'sessions')).length, 3)
  }
  t.like(before, { current: { seq: 2, session } })
  const [audiences = ''] = await readdir(path.join(laptop.top, '.git/teleport/audiences', key))
  await writeFile(path.join(laptop.top, '.git/teleport/audiences', key, audiences), 'not JSON')
  const again = await teleported(laptop.machine, ['push', session, '--expires', '9d', '--json'], {
    cwd: laptop.top,
  })
  t.like(again.json(), { session, seq: 3 })
})

test.serial(
  'a store with a broken object says so, and doctor names the way out, which loses nothing',
  async (t) => {
    const world = await shared()
    const worn = await seat(world.sandbox, world.remote, 'worn', world.laptop)
    const store = path.join(worn.top, '.git/teleport')
    await teleported(worn.machine, ['fetch', sibling], { cwd: worn.top })
    for (const name of await readdir(path.join(store, 'objects/pack'))) {
      if (name.endsWith('.pack')) await flipMiddle(path.join(store, 'objects/pack', name))
    }
    const told = await teleport(worn.machine, ['show', sibling, '--offline', '--json'], { cwd: worn.top })
    t.is(told.exitCode, 6)
    t.like(dig(told.json(), 'error'), { code: 'damaged-bundle', hint: 'git teleport doctor' })
    const examined = await teleport(worn.machine, ['doctor', '--json'], { cwd: worn.top })
    const finding = recordsIn(dig(examined.json(), 'findings')).find((each) => each['name'] === 'store')
    t.is(finding?.['level'], 'problem')
    t.regex(String(finding?.['hint']), /^mv '.*teleport' '.*teleport\.old' /)
    await rename(store, `${store}.old`)
    await teleported(worn.machine, ['pull', sibling], { cwd: worn.top })
    t.is((await teleport(worn.machine, ['doctor'], { cwd: worn.top })).exitCode, 0)
  },
)

async function flipMiddle(file: string): Promise<void> {
  const bytes = await readFile(file)
  const middle = bytes.length >> 1
  for (let at = middle; at < middle + 64; at += 1) bytes[at] = (bytes[at] ?? 0) ^ 0xff
  await chmod(file, 0o644)
  await writeFile(file, bytes)
}

test.serial('something else in the place of the store is left alone, even by uninstall', async (t) => {
  const world = await shared()
  const fresh = await seat(world.sandbox, world.remote, 'fresh', world.laptop)
  const store = path.join(fresh.top, '.git/teleport')
  await writeFile(store, 'mine\n')
  for (const argv of [['list'], ['pull', session]]) {
    await refuses(t, world, {
      at: fresh,
      argv,
      exit: 1,
      code: 'store-damaged',
      message: /teleport is in the way and is no store$/,
      hint: /^mv '.*teleport' '.*teleport\.old'$/,
    })
  }
  await teleported(fresh.machine, ['uninstall', '--yes'], { cwd: fresh.top })
  t.is(await readFile(store, 'utf8'), 'mine\n')
})

function keyFile(home: string): string {
  return path.join(home, '.config/git-teleport/id_ed25519')
}
