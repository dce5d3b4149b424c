/** The team's files as `member` edits them, and what git and ssh-keygen say to the result. */

import { lstat, readFile, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseGitConfig } from '../../src/trust/git-config.ts'
import { type InProcessOptions, teleport } from '../support/in-process.ts'
import { dig, recordsIn, stringAt } from '../support/json.ts'
import type { Machine } from '../support/sandbox.ts'
import { makeTeamWorld, policyAt, saidBy, signerLine } from './team-world.ts'

async function member(
  machine: Machine,
  cwd: string,
  argv: readonly string[],
  more: Partial<InProcessOptions> = {},
) {
  const told = await teleport(machine, ['member', ...argv, '--json'], { cwd, ...more })
  const said = saidBy(told)
  return { ...told, said, code: stringAt(said, 'error', 'code') ?? '' }
}

const age = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

async function keygen(machine: Machine, name: string): Promise<string> {
  await machine.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', `${name} key`, '-f', name])
  return (await readFile(path.join(machine.home, `${name}.pub`), 'utf8')).trim()
}

test('members come and go in the working tree, and count once they are merged', async (t) => {
  const { admin, top, merge } = await makeTeamWorld(t)
  const init = await teleport(admin, ['init', '--json'], { cwd: top })
  const line = stringAt(init.json(), 'join', 'line') ?? ''
  const own = stringAt(init.json(), 'publicKey') ?? ''
  t.is(stringAt(init.json(), 'join', 'command'), `git teleport member add admin@example.org "${own}"`)
  const signers = path.join(top, '.teleport/allowed_signers')
  t.is((await member(admin, top, ['add', 'admin@example.org', own, '--dry-run'])).exitCode, 0)
  await t.throwsAsync(lstat(signers), { code: 'ENOENT' })
  const added = await member(admin, top, ['add', 'admin@example.org', own])
  t.deepEqual(dig(added.said, 'next'), [
    'git add .teleport/allowed_signers',
    "git commit -m 'team: add admin@example.org'",
  ])
  t.is(await readFile(signers, 'utf8'), `${line}\n`, 'the very line that init prints')
  t.is((await lstat(signers)).mode & 0o777, 0o644)
  t.is((await member(admin, top, ['add', 'other@example.org', own])).code, 'member-exists')

  const bob = await keygen(admin, 'bob')
  await writeFile(signers, `# who is in\n\n${line}`)
  t.is((await member(admin, top, ['add', 'bob@example.org', path.join(admin.home, 'bob.pub')])).exitCode, 0)
  const eve = await keygen(admin, 'eve')
  t.is((await member(admin, top, ['add', 'eve@example.org', '-'], { stdin: `# eve\n${eve}\n` })).exitCode, 0)
  const text = await readFile(signers, 'utf8')
  t.true(text.startsWith(`# who is in\n\n${line}\nbob@example.org namespaces="git" ${bob}\neve@`))
  for (const [argv, code] of [
    [['add', '*@example.org', bob], 'usage'],
    [['add', 'x@example.org', 'ecdsa-sha2-nistp256 AAAA'], 'bad-key'],
    [['add', 'x@example.org'], 'usage'],
    [['add', '--reader', 'a\nb', age], 'usage'],
    [['remove', 'nobody@example.org'], 'no-member'],
  ] as const) {
    t.is((await member(admin, top, argv)).code, code, argv.join(' '))
  }
  t.is(await readFile(signers, 'utf8'), text)

  t.is((await member(admin, top, ['add', '--reader', 'the escrow', age])).exitCode, 0)
  const commit = await merge({})
  t.is((await policyAt(admin, top, ['--trust-policy', commit])).commit, commit)
  const listed = await member(admin, top, ['list'])
  t.deepEqual(
    recordsIn(dig(listed.said, 'members')).map((each) => [
      each['principal'],
      each['thisDevice'],
      each['valid'],
    ]),
    [
      ['admin@example.org', true, true],
      ['bob@example.org', false, true],
      ['eve@example.org', false, true],
    ],
  )
  t.deepEqual(dig(listed.said, 'readers'), [{ recipient: age, comment: 'the escrow' }])
  t.deepEqual(dig(listed.said, 'changes'), [])

  const device = recordsIn(dig(listed.said, 'members')).find(
    (each) => each['principal'] === 'bob@example.org',
  )
  const gone = await teleport(admin, ['member', 'remove', String(device?.['device'])], { cwd: top })
  t.regex(gone.stdout, /What they have fetched they keep.*\n {2}git teleport rewrap --all\n/s)
  t.is((await member(admin, top, ['remove', 'the escrow'])).exitCode, 0)
  t.is(
    await readFile(path.join(top, '.teleport/recipients'), 'utf8'),
    '',
    'an empty file: a missing one would be refused',
  )
  const differs = dig((await member(admin, top, ['list'])).said, 'changes')
  t.true(
    Array.isArray(differs) && differs.length === 2 && differs.every((each) => String(each).startsWith('- ')),
  )
  await merge({})
  const after = await policyAt(admin, top)
  t.regex(after.told.stderr, /- member bob@example\.org.*- reader/)

  // What we write is what the others read.
  await admin.run('ssh-keygen', ['-Y', 'sign', '-q', '-n', 'git', '-f', 'eve', 'eve.pub'])
  const found = await admin.run('ssh-keygen', ['-Y', 'find-principals', '-s', 'eve.pub.sig', '-f', signers])
  t.is(found.stdout.trim(), 'eve@example.org')
})

test('a link in the way of the team’s files is not followed', async (t) => {
  const { admin, top } = await makeTeamWorld(t)
  await symlink(admin.home, path.join(top, '.teleport'))
  const refused = await member(admin, top, [
    'add',
    'ada@example.org',
    signerLine('ada').split('"git" ')[1]?.trim() ?? '',
  ])
  t.is(refused.code, 'bad-policy')
})

interface KeyHost {
  readonly base: string
  asked: number
}

async function keyHost(t: ExecutionContext, answers: Readonly<Record<string, string>>): Promise<KeyHost> {
  const host = { base: '', asked: 0 }
  const server = createServer((request, response) => {
    host.asked += 1
    const answer = answers[request.url ?? '']
    if (answer === 'elsewhere') response.writeHead(302, { location: '/ada.keys' }).end()
    else if (answer === undefined) response.writeHead(404).end()
    else response.end(answer)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => new Promise((resolve) => server.close(() => resolve())))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  host.base = `http://127.0.0.1:${address.port}`
  return host
}

test('keys that a host shows are proposed, never taken unseen', async (t) => {
  const { admin, top } = await makeTeamWorld(t)
  const ada = await keygen(admin, 'ada')
  const host = await keyHost(t, {
    '/ada.keys': `ecdsa-sha2-nistp256 AAAAE2VjZHNh x\n${ada.split(' ').slice(0, 2).join(' ')}\n`,
    '/none.keys': 'ssh-dss AAAA\n',
    '/huge.keys': 'x'.repeat(300_000),
    '/moved.keys': 'elsewhere',
    '/page.keys': '<!doctype html>\n<p>sign in</p>\n',
  })
  await admin.git(top, 'config', 'teleport.keysUrl', `${host.base}/`)
  const add = (argv: readonly string[]) => member(admin, top, ['add', 'ada@example.org', ...argv])
  const unseen = await add(['--from', 'github:ada'])
  t.is(unseen.code, 'needs-confirmation')
  t.regex(unseen.stderr, /ssh-ed25519 SHA256:[A-Za-z0-9+/]{43}/)
  t.regex(unseen.stderr, /1 of the keys there can sign and not decrypt/)
  await t.throwsAsync(lstat(path.join(top, '.teleport')), { code: 'ENOENT' })
  for (const [argv, code] of [
    [['--from', 'github:none'], 'bad-key'],
    [['--from', 'github:page'], 'bad-key'],
    [['--from', 'github:huge'], 'failed'],
    [['--from', 'github:moved'], 'failed'],
    [['--from', 'github:nobody'], 'failed'],
    [['--from', 'github:../../etc'], 'usage'],
    [['--from', 'elsewhere:ada'], 'usage'],
    [['--keys-url', 'http://git.example.org/ada.keys'], 'usage'],
    [['--keys-url', 'file:///etc/passwd'], 'usage'],
    [['--from', 'github:ada', 'ssh-ed25519 AAAA'], 'usage'],
  ] as const) {
    t.is((await add([...argv, '--yes'])).code, code, argv.join(' '))
  }
  t.is((await add(['--keys-url', `${host.base}/ada.keys`, '--yes'])).exitCode, 0)
  const text = await readFile(path.join(top, '.teleport/allowed_signers'), 'utf8')
  t.is(text, `ada@example.org namespaces="git" ${ada.split(' ').slice(0, 2).join(' ')}\n`)
  const asked = host.asked
  await member(admin, top, ['list'])
  await policyAt(admin, top)
  t.is(host.asked, asked, 'never but for add')
})

test('git reads the same out of a configuration file as we do', async (t) => {
  const { admin } = await makeTeamWorld(t)
  const file = path.join(admin.home, 'some-config')
  const text = [
    '# c',
    '[Teleport] maxLifetime = 7d ; c',
    '\tMustRedact',
    '[teleport "audit x\\"y"]pulls=yes',
    '[a-b]',
    'c = " x ; y " z   # c',
    'd = one \\',
    '  two',
    'e = \\"q\\" \\\\ \\t.',
    'f =',
    'g = "" "a" b ',
  ].join('\n')
  await writeFile(file, text)
  const listed = await admin.git(admin.home, 'config', '--file', file, '--no-includes', '-z', '--list')
  const ours = parseGitConfig(text, (line, why) => new Error(`${line}: ${why}`))
  const theirs = listed.split('\0').slice(0, -1)
  t.deepEqual(
    ours.map(({ key, value }) => `${key}\n${value}`),
    theirs.map((each) => (each.includes('\n') ? each : `${each}\ntrue`)),
  )
})
