/** What others get of a session, and what one's own devices do: no planted secret here, every byte there. */

import { appendFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { parseManifest } from '../../src/bundle/manifest.ts'
import { loadDeviceKey } from '../../src/crypto/device-key.ts'
import { openBytes } from '../../src/crypto/envelope.ts'
import { openIdentity } from '../../src/crypto/session-identity.ts'
import { token } from '../redact/support.ts'
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

interface People {
  readonly team: Team
  readonly ada: Seat
  /** Hers, with a key of its own. */
  readonly desktop: Seat
  readonly ben: Seat
  readonly tale: Tale
}

async function people(t: ExecutionContext): Promise<People> {
  const team = await makeTeam(t)
  const [ada, desktop, ben] = [await team.sit('ada'), await team.sit('ada-desktop'), await team.sit('ben')]
  await ada.run(['key', 'trust', await publicKey(desktop), '--yes'])
  await desktop.run(['key', 'trust', await publicKey(ada), '--yes'])
  await team.admit(ada, [
    { seat: ada, principal: 'ada@example.org' },
    { seat: desktop, principal: 'ada@example.org' },
    { seat: ben, principal: 'ben@example.org' },
  ])
  return { team, ada, desktop, ben, tale: await tell(ada, { bytes: 60_000 }) }
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
  const file = path.join(reader.machine.home, '.config/git-teleport/id_ed25519')
  const key = await loadDeviceKey({ path: file }, () => Promise.reject(new Error('no passphrase is set')))
  const { identity } = await openIdentity(await blob(team, reader, 'key.age'), key)
  const sealed = await openBytes(identity, await blob(team, reader, 'manifest.age'))
  const { segments } = await parseManifest(sealed)
  const texts = new Map([['manifest', brotliDecompressSync(sealed)]])
  for (const { name } of segments) {
    const plain = await openBytes(identity, await blob(team, reader, `segments/${name}`))
    texts.set(name, brotliDecompressSync(plain))
  }
  return texts
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
