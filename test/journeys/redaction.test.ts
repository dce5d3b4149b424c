/** What others get of a session, and what one's own devices do: no planted secret here, every byte there. */

import { createHash } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { parseManifest } from '../../src/bundle/manifest.ts'
import { signedText } from '../../src/core/removed-parts.ts'
import { sealForDevices } from '../../src/crypto/device-envelope.ts'
import { type DeviceKey, loadDeviceKey } from '../../src/crypto/device-key.ts'
import { openBytes } from '../../src/crypto/envelope.ts'
import { openIdentity } from '../../src/crypto/session-identity.ts'
import { formatCommit, parseCommit, withSignature } from '../../src/git-store/commit.ts'
import { asSha256, isOid, parseSessionId } from '../../src/model.ts'
import { encodePatchHead, encodePieceStart } from '../../src/redact/patch.ts'
import { token } from '../redact/support.ts'
import { teleport } from '../support/in-process.ts'
import { dig, parseJson } from '../support/json.ts'
import { run } from '../support/run.ts'
import {
  filesBelow,
  goOn,
  readTranscript,
  type Seat,
  sameSession,
  session,
  type Tale,
  tell,
  transcriptOf,
} from './seat.ts'
import { makeTeam, publicKey, type Team } from './team.ts'

const spoken = 'blue horses fly deep'
const ref = `refs/teleport/sessions/${session}`
/** Different tokens of one kind. */
const tokenOf = (mark: string) => `${token.slice(0, -4)}${mark.padEnd(4, 'Q')}`

test('others get a session without its secrets, own devices get every byte, however often it goes on', async (t) => {
  const { team, ada, desktop, ben, tale } = await people(t)
  await writeFile(path.join(ada.top, '.env'), `DB_PASSWORD='${spoken}'\n`)
  await say(ada, `the password is ${spoken}, the token ${tokenOf('1')}`)
  await plantBeside(ada, tokenOf('2'))
  const secrets = [spoken, tokenOf('1'), tokenOf('2')]

  const preview = await ada.run(['push', '--to', 'team', '--dry-run'])
  const sent = await ada.run(['push', '--to', 'team', '--yes'])
  t.like(sent['redactions'], { 'known-value': 1, 'github-pat': 3 })
  t.deepEqual(preview['redactions'], sent['redactions'])
  await ben.run(['pull', session])
  await nothingOf(t, team, ben, secrets)
  t.like(await desktop.run(['pull', session]), { state: 'new', tier: 'exact' })
  await sameSession(t, ada, desktop)

  // Each goes on where the other ended, with one secret more; small segments become one, and what was removed with them.
  for (const [at, mark] of [3, 4, 5, 6, 7, 8].entries()) {
    const secret = tokenOf(String(mark))
    const seat = at === 1 ? desktop : ada
    await seat.run(['pull', session])
    await goOn(tale, seat, 3000)
    await say(seat, `and ${secret}`)
    secrets.push(secret)
    t.like(await seat.run(['push', session, '--yes']), { state: 'pushed', redactions: { 'github-pat': 1 } })
  }
  const names = await exactNames(team, ada)
  t.true(names.length > 1 && names.length < 6, names.join(' '))
  t.like(await desktop.run(['pull', session]), { state: 'fast-forward', tier: 'exact' })
  await sameSession(t, ada, desktop)
  const tablet = await team.sit('ada-tablet', ada)
  await tablet.run(['key', 'trust', await publicKey(desktop), '--yes'])
  t.like(await tablet.run(['pull', session]), { tier: 'exact' })
  await sameSession(t, ada, tablet)

  await ben.run(['pull', session])
  const his = tokenOf('his')
  await say(ben, `mine is ${his}`)
  t.like(await ben.run(['push', session, '--yes']), { state: 'pushed', redactions: { 'github-pat': 1 } })
  await nothingOf(t, team, ben, secrets, [his])
  t.deepEqual((await exactNames(team, ada)).slice(0, -1), names)
  const before = await readTranscript(desktop)
  t.like(await desktop.run(['pull', session]), { state: 'fast-forward', tier: 'sanitised' })
  const after = await readTranscript(desktop)
  t.true(after.subarray(0, before.length).equals(before))
  t.true(after.includes('[REDACTED:github-pat:') && !after.includes(his))
})

test('who is let in gets a redacted session of a new identity, and who stays alone an exact one again', async (t) => {
  const { team, ada, desktop, ben } = await people(t, 'strangers')
  await say(ada, `the token is ${tokenOf('1')}`)
  t.deepEqual((await ada.run(['push', '--to', 'me']))['redactions'], {})
  t.false(await isRedacted(team, ada))
  const shared = await ada.run(['push', '--to', 'team', '--yes'])
  t.like(shared, { seq: 2, segments: 1, redactions: { 'github-pat': 1 } })
  t.true(await isRedacted(team, ada))
  await ben.run(['pull', session])
  await nothingOf(t, team, ben, [tokenOf('1')])

  await trustEachOther(ada, desktop)
  t.like(await ada.run(['rewrap', '--all']), { sessions: [{ state: 'added' }] })
  t.like(await desktop.run(['pull', session]), { tier: 'exact' })
  await sameSession(t, ada, desktop)

  const asItIs = ['push', session, '--no-redact']
  t.like(await ada.refused(asItIs), { exitCode: 2, code: 'needs-confirmation' })
  t.like(await ada.run([...asItIs, '--yes']), { state: 'pushed', seq: 4, redactions: {} })
  t.false(await isRedacted(team, ben))
  t.like(await ada.run(['push', session]), { state: 'pushed', seq: 5, redactions: { 'github-pat': 1 } })
  await ben.run(['pull', session])
  await nothingOf(t, team, ben, [tokenOf('1')])
  await ada.machine.git(ada.top, 'config', 'teleport.mustRedact', 'true')
  t.like(await ada.refused([...asItIs, '--yes']), { exitCode: 6, code: 'not-allowed' })

  t.like(await ada.run(['push', session, '--to', 'me']), { state: 'pushed', seq: 6, redactions: {} })
  t.false(await isRedacted(team, ada))
  t.deepEqual(await exactNames(team, ada), [])
  await t.throwsAsync(opened(team, ben), { code: 'not-a-reader' })
  t.like(await desktop.run(['pull', session]), { tier: 'exact' })
  await sameSession(t, ada, desktop)
})

test('code is looked through object by object, and kept back whole for one secret', async (t) => {
  const { ada } = await people(t)
  await writeFile(path.join(ada.top, 'deploy.sh'), `#!/bin/sh\nexport GITHUB=${tokenOf('1')}\n`)
  const push = ['push', '--to', 'team', '--yes', '--with-changes']
  const refused = await ada.refused(push)
  t.like(refused, { exitCode: 6, code: 'secret-found' })
  t.regex(refused.message, /^deploy\.sh: line 2 holds a secret \(github-pat\)/)
  await ada.run(['push', '--to', 'me', '--with-changes'])
  await writeFile(path.join(ada.top, 'deploy.sh'), '#!/bin/sh\n')
  t.like(await ada.run(push), { changes: { untracked: 1 } })
  await ada.machine.git(ada.top, 'commit', '--quiet', '--allow-empty', '--message', `with ${tokenOf('2')}`)
  t.regex((await ada.refused(push)).message, /^the message of commit [0-9a-f]{10}: line \d+ holds a secret/)
  await ada.machine.git(ada.top, 'config', 'teleport.allowChanges', 'false')
  t.like(await ada.refused(push), { exitCode: 6, code: 'not-allowed' })
})

test('removed parts that are damaged, another’s or of another segment are passed over, and said so', async (t) => {
  const { team, ada, desktop, ben, tale } = await people(t)
  await say(ada, `the token is ${tokenOf('1')}`)
  await ada.run(['push', '--to', 'team', '--yes'])
  await goOn(tale, ada, 40_000)
  await say(ada, `the other is ${tokenOf('2')}`)
  await ada.run(['push'])
  const [first = '', second = ''] = await exactNames(team, ada)
  const device = first.slice('0001-'.length)
  const good = await treeOf(team, ada)
  const oidOf = (name: string) => good.find((entry) => entry.name === name)?.oid ?? ''

  const tries: readonly (readonly [string, readonly Entry[]])[] = [
    ['damaged', [{ name: first, oid: await hash(team, ada, 'age-encryption.org/v1\n-> nobody\n') }]],
    ['of another segment', [{ name: first, oid: oidOf(second) }]],
    ['by another device', [{ name: first, oid: await sealedBy(team, ben, ada) }]],
  ]
  for (const [what, entries] of tries) {
    await replant(team, ada, [...entries, { name: second, oid: oidOf(second) }])
    const told = await teleport(desktop.machine, ['pull', session, '--force', '--json'], {
      cwd: desktop.top,
      ...team.managed,
    })
    t.is(told.exitCode, 0, told.stderr)
    t.regex(told.stderr, /one part of the session stays redacted/, what)
    const here = await readTranscript(desktop)
    t.false(here.includes(tokenOf('1')), what)
    t.true(here.includes(tokenOf('2')), what)
  }
  await replant(team, ada, [{ name: `0001-${device}.x`, oid: oidOf(first) }])
  t.like(await desktop.refused(['pull', session, '--force']), { exitCode: 6, code: 'unsafe-bundle' })
  await replant(team, ada, good)
  await desktop.run(['pull', session, '--force'])
  await sameSession(t, ada, desktop)
})

interface People {
  readonly team: Team
  readonly ada: Seat
  /** Hers, with a key of its own. */
  readonly desktop: Seat
  readonly ben: Seat
  readonly tale: Tale
}

async function people(t: ExecutionContext, devices: 'trusted' | 'strangers' = 'trusted'): Promise<People> {
  const team = await makeTeam(t)
  const [ada, desktop, ben] = [await team.sit('ada'), await team.sit('ada-desktop'), await team.sit('ben')]
  if (devices === 'trusted') await trustEachOther(ada, desktop)
  await team.admit(ada, [
    { seat: ada, principal: 'ada@example.org' },
    ...(devices === 'trusted' ? [{ seat: desktop, principal: 'ada@example.org' }] : []),
    { seat: ben, principal: 'ben@example.org' },
  ])
  return { team, ada, desktop, ben, tale: await tell(ada, { bytes: 60_000 }) }
}

async function trustEachOther(one: Seat, other: Seat): Promise<void> {
  await one.run(['key', 'trust', await publicKey(other), '--yes'])
  await other.run(['key', 'trust', await publicKey(one), '--yes'])
}

/** A row of the conversation, hung on the last one. */
async function say(seat: Seat, text: string): Promise<void> {
  const rows = (await readTranscript(seat)).toString().trimEnd().split('\n')
  const chained = rows.map((row): Record<string, unknown> => JSON.parse(row)).filter((row) => row['uuid'])
  const last = chained.at(-1)
  const uuid = crypto.randomUUID()
  const row = {
    ...last,
    parentUuid: last?.['uuid'],
    uuid,
    type: 'user',
    message: { role: 'user', content: text },
  }
  await appendFile(transcriptOf(seat), `${JSON.stringify(row)}\n`)
}

/** A large output, and a checkpoint that a rewind would bring back. */
async function plantBeside(seat: Seat, secret: string): Promise<void> {
  const results = path.join(path.dirname(transcriptOf(seat)), session, 'tool-results')
  await mkdir(results, { recursive: true })
  await writeFile(path.join(results, 'env.txt'), `PATH=/bin\nGITHUB=${secret}\n`)
  const history = path.join(seat.machine.config, 'file-history', session)
  const [checkpoint] = await readdir(history)
  await appendFile(path.join(history, checkpoint ?? ''), `\ngithub = "${secret}"\n`)
}

/** Neither on the machine of `reader` nor in what its key opens on the remote. `but`: what is the reader's own. */
async function nothingOf(
  t: ExecutionContext,
  team: Team,
  reader: Seat,
  secrets: readonly string[],
  own: readonly string[] = [],
): Promise<void> {
  const here = await filesBelow(reader.machine.config)
  const there = await opened(team, reader)
  t.true(there.size >= 2)
  const holds = (texts: ReadonlyMap<string, Buffer>, words: readonly string[]) =>
    [...texts].flatMap(([name, text]) => words.filter((word) => text.includes(word)).map(() => name))
  t.deepEqual(holds(here, secrets), [])
  t.deepEqual(holds(there, [...secrets, ...own]), [])
  t.true(holds(there, ['[REDACTED:']).length > 0)
}

/** Manifest and segments of the session in plain, to the key of `reader`. */
async function opened(team: Team, reader: Seat): Promise<ReadonlyMap<string, Buffer>> {
  const { identity, manifest, segments } = await manifestOf(team, reader)
  const texts = new Map([['manifest', manifest]])
  for (const { name } of segments) {
    const plain = await openBytes(identity, await blob(team, reader, `segments/${name}`))
    texts.set(name, brotliDecompressSync(plain))
  }
  return texts
}

async function manifestOf(team: Team, reader: Seat) {
  const { identity } = await openIdentity(await blob(team, reader, 'key.age'), await keyAt(reader))
  const sealed = await openBytes(identity, await blob(team, reader, 'manifest.age'))
  const { segments } = await parseManifest(sealed)
  return { identity, segments, manifest: brotliDecompressSync(sealed) }
}

function keyAt({ machine }: Seat): Promise<DeviceKey> {
  const file = path.join(machine.home, '.config/git-teleport/id_ed25519')
  return loadDeviceKey({ path: file }, () => Promise.reject(new Error('no passphrase is set')))
}

async function exactNames({ remote }: Team, { machine }: Seat): Promise<readonly string[]> {
  const listed = await machine.git(remote, 'ls-tree', '--name-only', `${ref}:exact`).catch(() => '')
  return listed.split('\n').filter((name) => name !== '')
}

async function blob({ remote }: Team, { machine }: Seat, name: string): Promise<Buffer> {
  const copy = path.join(machine.folder, 'blob')
  const args = ['-c', 'git cat-file blob "$1" > "$2"', 'sh', `${ref}:${name}`, copy]
  const { exitCode, stderr } = await run('sh', args, { cwd: remote, env: machine.env })
  if (exitCode !== 0) throw new Error(stderr)
  return readFile(copy)
}

async function isRedacted(team: Team, reader: Seat): Promise<unknown> {
  return dig(parseJson((await opened(team, reader)).get('manifest')?.toString() ?? ''), 'redacted')
}

interface Entry {
  readonly name: string
  readonly oid: string
}

/** What the exact folder holds. */
async function treeOf({ remote }: Team, { machine }: Seat): Promise<readonly Entry[]> {
  const listed = await machine.git(remote, 'ls-tree', `${ref}:exact`)
  return listed.split('\n').map((line) => ({ name: line.split('\t')[1] ?? '', oid: line.slice(12, 52) }))
}

/** The tip once more, signed by `by`, with another exact folder. */
async function replant({ remote }: Team, by: Seat, entries: readonly Entry[]): Promise<void> {
  const git = (stdin: string | Uint8Array, ...args: string[]) => gitWith(by, remote, stdin, ...args)
  const rows = entries.map(({ name, oid }) => `100644 blob ${oid}\t${name}\n`).sort()
  const exact = await git(rows.join(''), 'mktree')
  const root = (await git('', 'ls-tree', ref)).split('\n').filter((line) => !line.endsWith('\texact'))
  const tree = await git([`040000 tree ${exact}\texact`, ...root, ''].join('\n'), 'mktree')
  const commit = parseCommit(Buffer.from(`${await git('', 'cat-file', 'commit', ref)}\n`))
  if (!isOid(tree)) throw new Error(tree)
  const payload = formatCommit({ ...commit, tree })
  const signed = withSignature(payload, await (await keyAt(by)).sign(payload), 'sha1')
  const next = await git(signed, 'hash-object', '-w', '-t', 'commit', '--stdin')
  await git('', 'update-ref', ref, next)
}

/** Encrypted to `reader` and signed by `by`, in the very form of the program, for the first segment. */
async function sealedBy(team: Team, by: Seat, reader: Seat): Promise<string> {
  const { segments } = await manifestOf(team, reader)
  const subject = { session: parseSessionId(session), segment: '0001' }
  const list = Buffer.concat([encodePatchHead(subject), encodePieceStart(0)])
  const digest = asSha256(createHash('sha256').update(list).digest('hex'))
  const content = segments[0]?.sha256[1] ?? digest
  const signature = await (await keyAt(by)).sign(signedText(subject, content, digest))
  async function* plain() {
    yield brotliCompressSync(Buffer.concat([Buffer.from(signature), list]))
  }
  const chunks: Uint8Array[] = []
  const devices = [await publicKey(reader), await publicKey(by)]
  for await (const chunk of sealForDevices(devices, plain())) chunks.push(chunk)
  return hash(team, by, Buffer.concat(chunks))
}

function hash({ remote }: Team, by: Seat, content: string | Uint8Array): Promise<string> {
  return gitWith(by, remote, content, 'hash-object', '-w', '--stdin')
}

async function gitWith(
  { machine }: Seat,
  cwd: string,
  stdin: string | Uint8Array,
  ...args: string[]
): Promise<string> {
  const { exitCode, stdout, stderr } = await run('git', args, { cwd, env: machine.env, stdin })
  if (exitCode !== 0) throw new Error(stderr)
  return stdout.replace(/\n$/, '')
}
