/** Three members and strangers on one SSH server, each with a key of their own: who can list, read, push, plant, delete. */

import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { sessionRef } from '../../src/git-store/refs.ts'
import { parseSessionId } from '../../src/model.ts'
import { principalOf, publicKey } from '../journeys/crew.ts'
import { goOn, listed, readTranscript, type Seat, seatAt, session, tell } from '../journeys/seat.ts'
import { cli, cliDone } from '../support/cli.ts'
import { stringAt } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { type SshRemote, startSshRemote } from '../support/sshd.ts'
import { needTool } from '../support/tools.ts'
import { makePlanter, type Planter } from './planted.ts'

const forBen = parseSessionId('0be0be00-91c4-4d6f-9a37-0123456789ab')
const sams = parseSessionId('deadbeef-91c4-4d6f-9a37-0123456789ab')
const ref = sessionRef(session)

interface Office {
  readonly host: SshRemote
  /** Path of the bare repository on the server. */
  readonly remote: string
  readonly url: string
  readonly ada: Seat
  readonly ben: Seat
  readonly cleo: Seat
  /** May push, and is no member. */
  readonly sam: Seat
  /** Somebody new, with a key of the server's that may fetch only. */
  reader(name: string): Promise<Seat>
  /** Plain git in sam's hands. */
  readonly planter: Planter
}

async function makeOffice(t: ExecutionContext): Promise<Office> {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const host = await startSshRemote(sandbox)
  t.teardown(host.close)
  const url = host.url(remote)
  const sit = async (name: string, rights: 'read' | 'write' = 'write'): Promise<Seat> => {
    const machine = await sandbox.machine(name)
    await host.allow(machine, rights)
    // Cloned past the server, which costs less.
    const top = await checkout(machine, remote, 'code/app')
    await machine.git(top, 'remote', 'set-url', 'origin', url)
    const seat = seatAt(machine, top)
    await seat.run(['init'])
    return seat
  }
  const [ada, ben, cleo, sam] = [await sit('ada'), await sit('ben'), await sit('cleo'), await sit('sam')]
  const lines = [ada, ben, cleo].map(
    async (seat) => `${principalOf(seat)} namespaces="git" ${await publicKey(seat)}\n`,
  )
  await mkdir(path.join(ada.top, '.teleport'))
  await writeFile(path.join(ada.top, '.teleport/allowed_signers'), (await Promise.all(lines)).join(''))
  await ada.machine.git(ada.top, 'add', '.teleport')
  await ada.machine.git(ada.top, 'commit', '--quiet', '--message', 'team')
  await ada.machine.git(ada.top, 'push', '--quiet')
  const commit = await ada.machine.git(ada.top, 'rev-parse', 'HEAD')
  const accepting = async (seat: Seat) => {
    await seat.run(['policy', '--trust-policy', commit])
    return seat
  }
  for (const seat of [ada, ben, cleo, sam]) await accepting(seat)
  const reader = async (name: string) => accepting(await sit(name, 'read'))
  return { host, remote, url, ada, ben, cleo, sam, reader, planter: await makePlanter(sam.machine, url) }
}

const idsIn = async (seat: Seat) => {
  const { sessions } = await seat.run(['list'])
  return (Array.isArray(sessions) ? sessions : []).map((each) => stringAt(each, 'session')).sort()
}

test('a host that checks nothing: members share, strangers see ciphertext, and what they plant is not believed', async (t) => {
  if (!needTool(t, 'sshd')) return
  const { host, remote, ada, ben, cleo, sam, reader, planter } = await makeOffice(t)
  const rita = await reader('rita')

  // Share. The ends of the story are processes of their own.
  const tale = await tell(ada)
  await tell(ada, { session: forBen, bytes: 12_000 })
  const pushed = await cliDone(ada.machine, ['push', session, '--to', 'team', '--yes', '--json'], {
    cwd: ada.top,
  })
  t.like(pushed.json(), { state: 'pushed', seq: 1 })
  await ada.run(['push', forBen, '--to', principalOf(ben)])
  const pulled = await cliDone(ben.machine, ['pull', session, '--json'], { cwd: ben.top })
  t.like(pulled.json(), { state: 'new', tier: 'sanitised' })

  // List, read.
  t.deepEqual(await idsIn(ben), [forBen, session])
  t.deepEqual(await idsIn(cleo), [session])
  t.like(await cleo.refused(['pull', forBen]), { exitCode: 4, code: 'not-a-reader' })
  t.like(await sam.refused(['pull', session]), { exitCode: 4, code: 'not-a-reader' })
  for (const stranger of [sam, rita]) {
    t.deepEqual(await idsIn(stranger), [])
    t.like(await stranger.refused(['show', session]), { exitCode: 4, code: 'not-a-reader' })
    const seen = await stranger.machine.git(stranger.top, 'ls-remote', 'origin', 'refs/teleport/*')
    t.is(seen.split('\n').length, 3, 'names and sizes are there for whoever may fetch')
  }
  await planter.fetch()
  const title = stringAt(await listed(ben, 'list'), 'title') ?? ''
  const objects = await planter.git('cat-file', '--batch-all-objects', '--batch-check=%(objectname)')
  const text = await sam.machine.run('git', ['cat-file', '--batch'], {
    cwd: path.join(sam.machine.home, 'planter.git'),
    stdin: `${objects}\n`,
  })
  t.true(text.stdout.includes('Teleport-Format: 1'))
  t.true(title.length > 5)
  t.false(text.stdout.includes(title))
  // Without a key of the server's there is not even that.
  const barred = {
    GIT_SSH_COMMAND: 'ssh -F none -i /nonexistent -o BatchMode=yes -o StrictHostKeyChecking=no',
  }
  t.like(await sam.refused(['fetch'], { env: barred }), { exitCode: 4, code: 'remote-access' })

  // Push: who may not is told by the host; a stranger's own is nobody else's.
  await tell(rita, { session: sams, bytes: 12_000 })
  t.like(await rita.refused(['push', sams, '--to', 'me']), { exitCode: 4, code: 'remote-access' })
  await tell(sam, { session: sams, bytes: 12_000 })
  t.like(await sam.run(['push', sams, '--to', `${principalOf(ben)},me`, '--yes']), { state: 'pushed' })
  t.deepEqual(await idsIn(ben), [forBen, session], 'his list is not believed')
  const strange = await ben.refused(['pull', sams])
  t.like(strange, { exitCode: 6, code: 'untrusted-signer' })
  t.regex(strange.message, /which is neither one of yours nor a member's/)
  t.like(await sam.run(['rm', sams, '--yes']), { session: sams })

  // Plant: the very content under his signature, and an older push of hers.
  await goOn(tale, ada)
  await ada.run(['push', session])
  await ben.run(['pull', session])
  await planter.fetch()
  const [tip, old] = [await planter.oid(ref), await planter.oid(`${ref}^`)]
  const before = await readTranscript(ben)
  const forged = await planter.commit({
    like: tip,
    signer: sam.machine,
    parent: tip,
    trailers: { seq: 3, previous: tip },
  })
  for (const [planted, code] of [
    [forged, 'untrusted-signer'],
    [old, 'rollback'],
  ] as const) {
    t.is((await planter.push(`+${planted}:${ref}`)).exitCode, 0, 'the host takes it')
    t.like(await ben.refused(['pull', session]), { exitCode: 6, code })
  }
  t.deepEqual(await readTranscript(ben), before)

  // Delete: he can, and everybody has what they had.
  t.is((await planter.push(`:${ref}`)).exitCode, 0)
  t.like(await cleo.refused(['pull', session]), { exitCode: 3, code: 'no-remote-session' })
  t.deepEqual(await readTranscript(ben), before)
  await goOn(tale, ada)
  t.like(await ada.run(['push', session]), { state: 'pushed', seq: 3 })
  t.like(await ben.run(['pull', session]), { state: 'fast-forward', seq: 3 })
  t.like(await cleo.run(['pull', session]), { state: 'new', seq: 3 })

  const asked = await host.asked()
  t.true(asked.includes('rita git-upload-pack') && asked.includes('rita git-receive-pack'))
  t.true(asked.includes('sam git-receive-pack'))
  t.is(await ada.machine.git(remote, 'fsck', '--strict', '--no-dangling'), '')
})

test('a host with the hook: ada hands to ben and takes it back, and strangers neither push, plant nor delete', async (t) => {
  if (!needTool(t, 'sshd')) return
  const { remote, ada, ben, cleo, sam, planter } = await makeOffice(t)
  const hook = path.resolve(import.meta.dirname, '../../../hooks/server/pre-receive')
  await mkdir(path.join(remote, 'hooks'), { recursive: true })
  await copyFile(hook, path.join(remote, 'hooks/pre-receive'))

  // ada → ben → ada.
  const tale = await tell(ada)
  const handed = await ada.run(['push', session, '--to', 'team', '--hand-off', principalOf(ben), '--yes'])
  t.like(handed, { state: 'pushed', holder: { principal: 'ben@example.org' } })
  t.like(await listed(cleo, 'list'), { holder: { principal: 'ben@example.org' } })
  t.like(await ben.run(['pull', session]), { tier: 'sanitised', from: { principal: 'ada@example.org' } })
  await goOn(tale, ben)
  const back = await cliDone(
    ben.machine,
    ['push', session, '--hand-off', principalOf(ada), '--yes', '--json'],
    { cwd: ben.top },
  )
  t.like(back.json(), { seq: 2, holder: { principal: 'ada@example.org' } })
  const first = await readTranscript(ada)
  t.like(await ada.run(['pull', session]), { state: 'fast-forward', writers: ['ben@example.org'] })
  const second = await readTranscript(ada)
  t.true(second.length > first.length && second.subarray(0, first.length).equals(first))
  await goOn(tale, ada)
  t.like(await ada.run(['push', session]), { seq: 3, holder: null })

  // Push.
  await tell(sam, { session: sams, bytes: 12_000 })
  const refused = await cli(sam.machine, ['push', sams, '--to', 'me', '--json'], { cwd: sam.top })
  t.is(refused.exitCode, 4)
  t.regex(refused.stderr, /remote-refused/)
  t.regex(
    refused.stderr,
    /teleport: refs\/teleport\/\S+ signed by [a-z2-7]{26}, which is no key of a member now/,
  )

  // Plant, roll back, delete.
  await planter.fetch()
  const tip = await planter.oid(ref)
  const heads = await ada.machine.git(remote, 'for-each-ref')
  const forged = await planter.commit({
    like: tip,
    signer: sam.machine,
    parent: tip,
    trailers: { seq: 4, previous: tip },
  })
  const copied = sessionRef(sams)
  const attempts: readonly (readonly [string, RegExp])[] = [
    [`+${forged}:${ref}`, /no key of a member now/],
    [`+${await planter.oid(`${ref}^`)}:${ref}`, /push 2 does not follow push 3/],
    [`${tip}:${copied}`, /signed for refs\/teleport\/sessions\/5b1e/],
    [`:${ref}`, /no removal signed by ada@example\.org/],
  ]
  for (const [refspec, line] of attempts) {
    const ran = await planter.push(refspec)
    t.is(ran.exitCode, 1)
    t.regex(ran.stderr, line)
  }
  t.is(await ada.machine.git(remote, 'for-each-ref'), heads)

  // A member removes her own, not her colleague's; what has expired goes by anybody's hand.
  t.regex((await cleo.refused(['rm', session, '--yes'])).message, /no removal signed by ada@example\.org/)
  t.like(await ada.run(['expire', session, '--yes']), { sessions: [{ session, seq: 4 }] })
  t.is((await planter.push(`:${ref}`)).exitCode, 0)
  t.is(await ada.machine.git(remote, 'for-each-ref', ref), '')
})
