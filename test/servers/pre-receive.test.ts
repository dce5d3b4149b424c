/** The hook for self-hosted remotes, by git itself: what honest programs do passes, whatever else is refused. */

import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { newIdentity, sealIdentity } from '../../src/crypto/session-identity.ts'
import { indexRef, sessionRef } from '../../src/git-store/refs.ts'
import { type Oid, parseSessionId } from '../../src/model.ts'
import { makeCrew, principalOf, publicKey } from '../journeys/crew.ts'
import { goOn, type Seat, session, tell } from '../journeys/seat.ts'
import { deviceOf, makePlanter, type Planter, type Planting } from './planted.ts'

const hook = path.resolve(import.meta.dirname, '../../../hooks/server/pre-receive')
const ref = sessionRef(session)
const other = parseSessionId('deadbeef-91c4-4d6f-9a37-0123456789ab')

async function installHook(remote: string): Promise<void> {
  await mkdir(path.join(remote, 'hooks'), { recursive: true })
  await copyFile(hook, path.join(remote, 'hooks/pre-receive'))
}

interface Guarded {
  readonly remote: string
  readonly ada: Seat
  readonly ben: Seat
  /** Has a key, and is no member. */
  readonly sam: Seat
  readonly planter: Planter
  /** Changes the policy's other settings, as an administrator of the host does: without the hook. */
  rule(...settings: readonly string[]): Promise<void>
}

async function guarded(t: ExecutionContext): Promise<Guarded> {
  const crew = await makeCrew(t)
  const [ada, ben, sam] = [await crew.sit('ada'), await crew.sit('ben'), await crew.sit('sam')]
  await installHook(crew.remote)
  await crew.appoint([ada, ben], {
    config: '[teleport]\n\tmaxLifetime = 30d\n\trequiredReader = ada@example.org\n',
  })
  const planter = await makePlanter(sam.machine, crew.remote)
  return {
    remote: crew.remote,
    ada,
    ben,
    sam,
    planter,
    rule: async (...settings) => void (await ada.machine.git(crew.remote, 'config', ...settings)),
  }
}

/** The host answers with this line, and its refs are as they were. */
async function refuses(t: ExecutionContext, world: Guarded, line: RegExp, ...refspecs: readonly string[]) {
  const { planter, ada, remote } = world
  const before = await ada.machine.git(remote, 'for-each-ref')
  const ran = await planter.push(...refspecs)
  const said = ran.stderr.split('\n').filter((each) => each.startsWith('remote: teleport: '))
  t.is(ran.exitCode, 1, ran.stderr)
  t.is(said.length, 1, ran.stderr)
  t.regex(said[0] ?? '', line)
  t.is(await ada.machine.git(remote, 'for-each-ref'), before)
}

test('members push, go on, list and remove through the hook, and code is none of its business', async (t) => {
  const world = await guarded(t)
  const { ada, ben, sam, remote, planter } = world
  const tale = await tell(ada)
  t.like(await ada.run(['push', '--to', 'team', '--yes']), { state: 'pushed', seq: 1 })
  await ben.run(['pull', session])
  await goOn(tale, ben)
  t.like(await ben.run(['push', session, '--yes']), { state: 'pushed', seq: 2 })
  t.like(await ada.run(['pull', session]), { state: 'fast-forward' })
  await goOn(tale, ada)
  t.like(await ada.run(['push', session]), { state: 'pushed', seq: 3 })

  // No signature, no name of ours: branches, tags and notes go through, even in hundreds.
  const code = await sam.machine.git(sam.top, 'rev-parse', 'HEAD')
  await planter.fetch()
  const many = Array.from({ length: 100 }, (_, n) => `${code}:refs/tags/v${n}`)
  t.is((await planter.push(`${code}:refs/heads/x`, `${code}:refs/notes/teleport/y`, ...many)).exitCode, 0)

  await sam.run(['policy', '--trust-policy', await planter.git('rev-parse', 'main')])
  await tell(sam, { session: other })
  const failure = await sam.refused(['push', other, '--to', 'me', '--yes'])
  t.like(failure, { exitCode: 4, code: 'remote-refused' })
  t.regex(
    failure.message,
    /teleport: refs\/teleport\/\S+: signed by [a-z2-7]{26}, which is no key of a member now/,
  )

  const notHis = await ben.refused(['rm', session, '--yes'])
  t.like(notHis, { code: 'remote-refused' }, 'ada signed the last push')
  t.regex(notHis.message, /has not expired, and no removal signed by ada@example\.org came with this/)
  await world.rule('teleport.deletions', 'member')
  t.like(await ben.run(['rm', session, '--yes']), { session })
  t.is(await ada.machine.git(remote, 'for-each-ref', ref), '')
})

test('what nobody of the team signed for that very place is refused, each with one line', async (t) => {
  const world = await guarded(t)
  const { ada, ben, sam, planter, remote } = world
  const tale = await tell(ada, { bytes: 12_000 })
  await ada.run(['push', '--to', 'team', '--yes'])
  await goOn(tale, ada)
  await ada.run(['push'])
  await planter.fetch()
  const tip = await planter.oid(ref)
  const first = await planter.oid(`${ref}^`)
  const next = { seq: 3, previous: tip } as const
  const plant = (planting: Partial<Planting>) =>
    planter.commit({
      like: tip,
      signer: ben.machine,
      parent: tip,
      ...planting,
      trailers: { ...next, ...planting.trailers },
    })
  const no = async (line: RegExp, planting: Partial<Planting>, where = ref) =>
    refuses(t, world, line, `+${await plant(planting)}:${where}`)

  await no(/not a signed commit of format 1/, { signer: null })
  await no(/signed by [a-z2-7]{26}, which is no key of a member now/, { signer: sam.machine })
  await no(/not a signed commit/, { raw: (raw) => raw.replaceAll('SSH SIGNATURE', 'PGP SIGNATURE') })
  await no(/not a signed commit/, { raw: (raw) => raw.replace(/(gpgsig [\s\S]*?)\n\n/, '$1\n$1\n\n') })
  await no(/not a signed commit/, { raw: (raw) => raw.replace('gpgsig ', 'gpgsig-sha256 x\n y\ngpgsig ') })
  await no(/not a signed commit/, { text: (text) => text.replace('\n\n', '\nencoding latin1\n\n') })
  await no(/no good SSH signature/, { raw: (raw) => raw.replace('Teleport-Repo: ', 'Teleport-Repo: x') })
  await no(/not a signed commit/, { text: (text) => text.replace('Format: 1', 'Format: 2') })
  await no(/not a signed commit/, { text: (text) => text.replace(/Teleport-Ref: .*\n/, '$&$&') })
  await no(/not a signed commit/, { text: (text) => `${text}Teleport-Ref: ${sessionRef(other)}\n` })
  await no(/not a signed commit/, { text: (text) => text.replace(/Teleport-Seq: .*/, 'Teleport-Seq: 1e9') })
  await no(/not a signed commit/, { text: (text) => text.replace('\n\n', `\n\n${'x'.repeat(17_000)}`) })
  await no(/this commit was signed for refs\/teleport\/sessions\/5b1e/, {}, sessionRef(other))
  await no(/signed for session deadbeef/, { trailers: { session: other } })
  await no(/push 2 does not follow push 2/, { trailers: { seq: 2 } })
  await no(/signed to follow none, not/, { trailers: { previous: null } })
  await no(/signed to follow [0-9a-f]{40}, not its parent/, { parent: first })
  await no(new RegExp(`signed to follow ${first}, not ${tip}`), {
    parent: null,
    trailers: { previous: first },
  })
  await no(/expires at 2099-01-01T00:00:00Z; the longest time here is 30d/, {
    trailers: { expires: '2099-01-01T00:00:00Z' },
  })
  await no(/never expires; the longest time here is 30d/, { trailers: { expires: null } })
  const bens = await publicKey(ben)
  const without = await planter.tree(
    tip,
    'key.age',
    await sealIdentity((await newIdentity()).identity, [bens]),
  )
  await no(/a required reader is missing \(teleport\.requiredReader, tag \S{6}\)/, { tree: without })
  await no(/neither a session nor a device/, {}, 'refs/teleport/policy')
  await no(/neither a session nor a device/, {}, 'refs/Teleport/sessions/x')
  await no(/neither a session nor a device/, {}, `${ref}x`)

  const index = indexRef((await deviceOf(ada.machine)).id)
  const adas = await planter.oid(index)
  const listed = { seq: 9, previous: adas, ref: index } as const
  const forged = await planter.commit({ like: adas, signer: ben.machine, parent: adas, trailers: listed })
  await refuses(t, world, /signed by another device, [a-z2-7]{26}/, `+${forged}:${index}`)

  await refuses(t, world, /push 1 does not follow push 2/, `+${first}:${ref}`)
  await refuses(t, world, /no removal signed by ada@example\.org came with this/, `:${ref}`)
  await refuses(t, world, /the index of a member's device stays/, `:${index}`)
  await refuses(t, world, /not a signed commit/, `+${await planter.oid('main')}:${ref}`)
  await planter.git('tag', '--annotate', '--message', 'x', 'tagged', tip)
  await refuses(t, world, /not a signed commit/, `+${await planter.oid('tagged')}:${sessionRef(other)}`)

  // A replacement on the server does not vouch for what it replaces.
  const unsigned = await plant({ signer: null })
  await planter.push(`${unsigned}:refs/heads/parked`)
  await ada.machine.git(remote, 'replace', unsigned, await plantedThere(world, await plant({})))
  await refuses(t, world, /not a signed commit/, `+${unsigned}:${ref}`)

  // One bad ref among good ones stops all of them; the good one, which starts anew, passes alone.
  const good = await plant({ parent: null })
  await refuses(t, world, /neither/, `+${good}:${ref}`, `${good}:refs/teleport/odd`)
  t.is((await planter.push(`+${good}:${ref}`)).exitCode, 0)
})

/** Brings a commit there under a branch. */
async function plantedThere({ planter }: Guarded, commit: Oid): Promise<Oid> {
  await planter.push(`${commit}:refs/heads/planted-${commit}`)
  return commit
}

test('the rules are those of the default branch before the push, by the clock of the server', async (t) => {
  const world = await guarded(t)
  const { ada, ben, sam, planter, remote } = world
  await tell(ada, { bytes: 12_000 })
  await ada.run(['push', '--to', 'team', '--yes'])
  await planter.fetch()
  const tip = await planter.oid(ref)
  const lineOf = async (seat: Seat, options = '') =>
    `${principalOf(seat)} namespaces="git"${options} ${await publicKey(seat)}\n`
  const policy = async (files: Readonly<Record<string, string>>) => {
    const top = path.join(sam.machine.home, 'policy')
    await sam.machine.run('rm', ['-rf', top])
    await sam.machine.git(sam.machine.home, 'clone', '--quiet', remote, top)
    await mkdir(path.join(top, '.teleport'), { recursive: true })
    for (const [name, text] of Object.entries(files)) await writeFile(path.join(top, '.teleport', name), text)
    await sam.machine.git(top, 'add', '--all')
    await sam.machine.git(top, 'commit', '--quiet', '--allow-empty', '--message', 'policy')
    return top
  }
  const merged = async (files: Readonly<Record<string, string>>) =>
    sam.machine.git(await policy(files), 'push', '--quiet', 'origin', 'HEAD:main')
  const plant = (signer: Seat, planting: Partial<Planting> = {}) =>
    planter.commit({
      like: tip,
      signer: signer.machine,
      parent: tip,
      ...planting,
      trailers: { seq: 2, previous: tip, ...planting.trailers },
    })

  // Somebody lets himself in and pushes, in one push.
  const top = await policy({ allowed_signers: (await lineOf(ada)) + (await lineOf(sam)) })
  const mine = await plant(sam)
  await planter.git('fetch', '--quiet', top, 'HEAD')
  await refuses(
    t,
    world,
    /no key of a member now/,
    `${await planter.oid('FETCH_HEAD')}:refs/heads/main`,
    `+${mine}:${ref}`,
  )

  // A key that was valid on the day that the commit claims. Git alone takes it.
  const ended = `${await lineOf(ada)}${await lineOf(ben, ',valid-before="20260101"')}`
  await merged({ allowed_signers: ended })
  const back = await plant(ben, { seconds: Date.UTC(2025, 5, 1) / 1000 })
  await writeFile(path.join(ben.machine.home, 'signers'), ended)
  t.is(
    (
      await ben.machine.run('git', [
        '-C',
        path.join(sam.machine.home, 'planter.git'),
        '-c',
        `gpg.ssh.allowedSignersFile=${path.join(ben.machine.home, 'signers')}`,
        'verify-commit',
        back,
      ])
    ).exitCode,
    0,
  )
  await refuses(t, world, /no key of a member now/, `+${back}:${ref}`)

  const both = `# the team\r\n${await lineOf(ada, ',valid-after="20200101Z"')}${await lineOf(ben, ',Valid-Before="209901010000Z"')}`
  const nextByBen = await plant(ben, { trailers: { repo: 'somewhere-else' } })
  await merged({ allowed_signers: both, config: '[teleport]\n\tmayPush = ada@example.org\n' })
  await refuses(t, world, /teleport\.mayPush does not name ben@example\.org/, `+${nextByBen}:${ref}`)
  await merged({ config: '[teleport]\n\trepository = widget\n' })
  await refuses(t, world, /signed for another repository, somewhere-else/, `+${nextByBen}:${ref}`)

  for (const [wrong, line] of [
    ['*@example.org namespaces="git" ssh-ed25519 AAAA\n', /allowed_signers cannot be read/],
    [`${both}${await lineOf(ben)}`, /allowed_signers cannot be read/],
    [`${await lineOf(ada, ',cert-authority')}`, /allowed_signers cannot be read/],
    [`${principalOf(ada)} ${await publicKey(ada)}\n`, /allowed_signers cannot be read/],
  ] as const) {
    await merged({ allowed_signers: wrong })
    await refuses(t, world, line, `+${nextByBen}:${ref}`)
  }
  await merged({ allowed_signers: both, config: '[teleport\n' })
  await refuses(t, world, /config cannot be read/, `+${nextByBen}:${ref}`)
  await merged({ config: '[include]\n\tpath = /etc/passwd\n[teleport]\n\tmaxLifetime = soon\n' })
  await refuses(t, world, /maxLifetime cannot be read: soon/, `+${nextByBen}:${ref}`)
  await merged({ config: '' })
  await world.rule('teleport.maxLifetime', '1h')
  await refuses(t, world, /the longest time here is 1h/, `+${nextByBen}:${ref}`)
  await world.rule('--unset', 'teleport.maxLifetime')

  // Expired sessions go without asking anybody; the index of a device that has left, too.
  const over = await plant(ben, { trailers: { expires: '2020-01-01T00:00:00Z' } })
  t.is((await planter.push(`+${over}:${ref}`)).exitCode, 0)
  t.is((await planter.push(`:${ref}`)).exitCode, 0)
  await refuses(t, world, /expired at 2020-01-01T00:00:00Z/, `+${over}:${ref}`)
  await merged({ allowed_signers: await lineOf(ben) })
  t.is((await planter.push(`:${indexRef((await deviceOf(ada.machine)).id)}`)).exitCode, 0)
  await world.rule('teleport.deletions', 'sometimes')
  await refuses(t, world, /teleport\.deletions is neither/, `+${over}:${ref}`)
})

test('without a team the hook says so and checks what it can, unless it is told to insist', async (t) => {
  for (const format of ['sha1', 'sha256'] as const) {
    const crew = await makeCrew(t, format)
    const [ada, eve] = [await crew.sit('ada'), await crew.sit('eve')]
    await installHook(crew.remote)
    await tell(ada, { bytes: 12_000 })
    t.like(await ada.run(['push']), { state: 'pushed', seq: 1 })
    const planter = await makePlanter(eve.machine, crew.remote, format)
    await planter.fetch()
    const tip = await planter.oid(ref)
    const commit = await planter.commit({
      like: tip,
      signer: eve.machine,
      parent: tip,
      trailers: { seq: 2, previous: tip },
    })
    const index = indexRef((await deviceOf(ada.machine)).id)
    const wrong = await planter.push(`+${commit}:${index}`)
    t.regex(wrong.stderr, /remote: teleport: no team here/)
    t.regex(wrong.stderr, /this commit was signed for refs\/teleport\/sessions/)
    t.regex((await planter.push(`:${ref}`)).stderr, /no removal signed by a member came with this/)
    await ada.machine.git(crew.remote, 'config', 'teleport.requireTeam', 'yes')
    t.regex((await planter.push(`+${commit}:${ref}`)).stderr, /there is no \.teleport\/allowed_signers/)
    await ada.machine.git(crew.remote, 'config', 'teleport.requireTeam', 'false')
    // Nobody's key: whoever reads it refuses it.
    t.is((await planter.push(`+${commit}:${ref}`)).exitCode, 0)
    t.like(await ada.refused(['pull', session]), { code: 'untrusted-signer' })
  }
})

test('many sessions in one push, each looked at', async (t) => {
  const world = await guarded(t)
  const { ada, planter } = world
  await tell(ada, { bytes: 12_000 })
  await ada.run(['push', '--to', 'team', '--yes'])
  await planter.fetch()
  const like = await planter.oid(ref)
  const make = async (n: number) => {
    const id = parseSessionId(`5b1e3f2a-0000-4d6f-9a37-${String(n).padStart(12, '0')}`)
    const trailers = { ref: sessionRef(id), session: id }
    return `${await planter.commit({ like, signer: ada.machine, trailers })}:${sessionRef(id)}`
  }
  const refspecs: string[] = []
  for (let n = 0; n < 25; n += 1) refspecs.push(await make(n))
  const [first = ''] = refspecs
  await refuses(
    t,
    world,
    /this commit was signed for/,
    ...refspecs.slice(1),
    `${first.slice(0, 40)}:${sessionRef(other)}`,
  )
  t.is((await planter.push(...refspecs)).exitCode, 0)
})
