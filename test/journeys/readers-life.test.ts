/** Handing a session over, ending it, and the log of what everybody did. */

import { access, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { parseSessionId } from '../../src/model.ts'
import { teleport } from '../support/in-process.ts'
import { dig, isRecord, type JsonRecord, parseJson } from '../support/json.ts'
import { type Crew, makeCrew, principalOf } from './crew.ts'
import { goOn, listed, type Seat, session, tell, transcriptOf } from './seat.ts'

const other = parseSessionId('11111111-2222-4333-8444-555555555555')
const ref = `refs/teleport/sessions/${session}`
const refs = (crew: Crew, at: Seat) => at.machine.git(crew.remote, 'for-each-ref', '--format=%(refname)')

test('who was handed a session has it until taking it, and the others are asked before they push', async (t) => {
  const crew = await makeCrew(t)
  const [ada, bob, cleo] = [await crew.sit('ada'), await crew.sit('bob'), await crew.sit('cleo')]
  await crew.appoint([ada, bob, cleo])
  const tale = await tell(ada)
  const outside = await ada.refused(['push', '--to', principalOf(cleo), '--hand-off', principalOf(bob)])
  t.like(outside, { exitCode: 3, code: 'unknown-member', hint: `git teleport push --to ${principalOf(bob)}` })
  const handed = await ada.run(['push', '--to', 'team', '--hand-off', principalOf(bob), '--yes'])
  t.like(handed, { holder: { principal: 'bob@example.org' } })
  t.like(await listed(cleo, 'list'), { holder: { principal: 'bob@example.org' } })
  t.like(await listed(ada, 'status'), { holder: { principal: 'bob@example.org' } })

  const told = await teleport(cleo.machine, ['pull', session], { cwd: cleo.top })
  t.regex(told.stderr, /bob@example\.org has this session since 2\d{3}-/)
  await goOn(tale, ada)
  const asked = await ada.refused(['push'])
  t.like(asked, { exitCode: 2, code: 'needs-confirmation' })
  t.regex(asked.message, /bob@example\.org has session .* since 2\d{3}-/)
  t.like(await ada.run(['push', '--yes']), { seq: 2, holder: { principal: 'bob@example.org' } })

  await bob.run(['pull', session])
  await goOn(tale, bob)
  t.like(await bob.run(['push', session, '--yes']), { seq: 3, holder: null })
  t.like(await listed(ada, 'list'), { holder: null })
})

test('expired sessions are restored by nobody, swept by any member, and their copies are named', async (t) => {
  const crew = await makeCrew(t)
  const [ada, bob] = [await crew.sit('ada'), await crew.sit('bob')]
  await crew.appoint([ada, bob])
  await tell(ada)
  await ada.run(['push', '--to', 'team', '--expires', '5d', '--yes'])
  await bob.run(['pull', session])
  t.like(await bob.run(['push', session, '--yes']), { state: 'same' }, 'a fixed end travels')
  t.like(await bob.refused(['expire', session, '--yes']), { exitCode: 4, code: 'not-yours' })
  t.like(await ada.refused(['expire', session]), { exitCode: 2, code: 'needs-confirmation' })
  t.like(await ada.run(['expire', '--mine', '--dry-run']), { sessions: [{ session }] })
  t.like(await ada.run(['expire', session.slice(0, 8), '--yes']), { sessions: [{ session, seq: 2 }] })
  t.like(await bob.refused(['pull', session, '--force']), { exitCode: 6, code: 'expired-session' })
  t.is(await listed(bob, 'list'), undefined)
  t.like(await ada.refused(['push']), { exitCode: 6, code: 'expired-session' })
  t.like(await listed(ada, 'status'), { expired: true })

  t.like(await bob.run(['prune', '--dry-run']), { sessions: [{ session, ref }] })
  t.regex(await refs(crew, bob), new RegExp(ref))
  const swept = await bob.run(['prune'])
  t.like(swept, {
    sessions: [{ session }],
    localCopies: [{ session, path: transcriptOf(bob) }],
    tombstones: 0,
  })
  t.notRegex(await refs(crew, bob), new RegExp(ref))
  await t.notThrowsAsync(access(transcriptOf(bob)))
  t.like(await bob.run(['prune']), { sessions: [] })
  const { sessions } = await bob.run(['list', '--all'])
  t.like(sessions, [{ session, state: 'expired', onRemote: 'expired' }])
  t.like(await bob.refused(['pull', session]), { exitCode: 3, code: 'session-gone' })
})

test('a new key opens what the old one could, and sessions of one’s own move over to it', async (t) => {
  const crew = await makeCrew(t)
  const ada = await crew.sit('ada')
  const tale = await tell(ada)
  await ada.run(['push'])
  await tell(ada, { session: other })
  await ada.run(['push', other])
  const old = String((await ada.run(['key', 'show']))['publicKey'])
    .split(' ', 2)
    .join(' ')
  await rm(transcriptOf(ada, other))

  t.like(await ada.refused(['key', 'rotate']), { exitCode: 2, code: 'needs-confirmation' })
  const rotated = await ada.run(['key', 'rotate', '--yes'])
  const moved = rows(rotated['sessions']).map(({ session: id, state }) => [id, state])
  t.deepEqual(moved.sort(), [
    [other, 'failed'],
    [session, 'restarted'],
  ])
  t.like(rotated['old'], { recipient: old })
  t.not(String(rotated['publicKey']).split(' ', 2).join(' '), old)
  t.regex(String(dig(rotated, 'old', 'path')), /id_ed25519\.old-\d{8}T\d{6}Z$/)

  t.like(await listed(ada, 'list'), { own: true, state: 'same', seq: 2 })
  t.like(
    await ada.run(['pull', other]),
    { state: 'new', tier: 'exact', seq: 1 },
    'sealed to and signed by the old key',
  )
  t.like(await ada.run(['rewrap', other]), { sessions: [{ state: 'restarted', readers: 1 }] })
  await goOn(tale, ada)
  const { recipients } = await ada.run(['push', session])
  t.false(Array.isArray(recipients) && recipients.includes(old))
})

test('audit lists what everybody did, and finds a rewritten chain, a gap, a forgery and a stranger', async (t) => {
  const crew = await makeCrew(t)
  const [ada, bob, eve] = [await crew.sit('ada'), await crew.sit('bob'), await crew.sit('eve')]
  await crew.appoint([ada, bob], { config: '[teleport "audit"]\n\tpulls = true\n' })
  const tale = await tell(ada)
  await ada.run(['push', '--to', 'team', '--yes'])
  await bob.run(['pull', session])
  await goOn(tale, ada)
  await ada.run(['push'])
  await bob.run(['list'])

  const report = await bob.run(['audit'])
  const did = rows(report['events']).map(({ who, action, seq }) => [who, action, seq])
  t.deepEqual(did.sort(), [
    ['ada@example.org', 'push', 1],
    ['ada@example.org', 'push', 2],
    ['you', 'pull', 1],
  ])
  t.deepEqual(report['findings'], [])
  t.like(report['pulls'], [{ session, seq: 1 }])
  t.regex(await readFile(path.join(bob.top, '.git/teleport/pull-log'), 'utf8'), /^2\S+Z \S+ 1 \S+ \S+\n$/)

  const git = (...args: string[]) => bob.machine.git(crew.remote, ...args)
  const hers = await indexOf(ada)
  const tip = await git('rev-parse', hers)
  const found = async () => {
    const told = await teleport(bob.machine, ['audit', '--json'], { cwd: bob.top })
    const said = parseJson(told.stdout)
    return [told.exitCode, ...rows(isRecord(said) ? said['findings'] : []).map(({ kind }) => kind)]
  }

  await git('update-ref', hers, `${tip}^`)
  t.deepEqual(await found(), [6, 'rewrite'], 'the newest entry was taken away')
  await git('update-ref', hers, await git('commit-tree', '-m', 'planted', `${tip}^{tree}`))
  t.deepEqual(await found(), [6, 'forged'])
  await git('update-ref', hers, await signed(crew, ada, { 'Teleport-Seq': '4', 'Teleport-Previous': tip }))
  t.deepEqual(await found(), [6, 'gap'], 'entry 4 follows entry 2')
  const cut = await signed(crew, ada, { 'Teleport-Seq': '3', 'Teleport-Previous': tip }, [])
  await git('update-ref', hers, cut)
  t.deepEqual(await found(), [0, 'cut'], 'a chain that names what it leaves out')
  const broken = await signed(crew, ada, { 'Teleport-Seq': '4', 'Teleport-Previous': tip }, ['-p', cut])
  await git('update-ref', hers, broken)
  t.deepEqual(await found(), [6, 'gap', 'cut'], 'signed to follow another one')
  await git('update-ref', hers, cut)

  await eve.run(['policy', '--trust-policy', await git('rev-parse', 'main')])
  await tell(eve, { session: other })
  await eve.run(['push', '--to', 'me', other])
  t.deepEqual((await found()).slice(1).sort(), ['cut', 'unknown-signer'])
  await git('update-ref', '-d', hers)
  t.deepEqual((await found()).slice(1).sort(), ['rewrite', 'unknown-signer'])
})

/** The index that this seat's device writes, as the remote has it. */
async function indexOf(seat: Seat): Promise<string> {
  const device = String((await seat.run(['key', 'show']))['device'])
  return `refs/teleport/index/${device}`
}

/** A commit like the one that it names as the previous, with other trailers, signed by git with the seat's own key. */
async function signed(
  crew: Crew,
  seat: Seat,
  trailers: Readonly<Record<string, string>>,
  parents?: readonly string[],
): Promise<string> {
  const git = (...args: string[]) => seat.machine.git(crew.remote, ...args)
  const before = trailers['Teleport-Previous'] ?? ''
  let text = `${await git('log', '-1', '--format=%B', before)}`.trimEnd()
  for (const [key, value] of Object.entries(trailers)) {
    text = text.replace(new RegExp(`^${key}: .*$`, 'm'), `${key}: ${value}`)
  }
  const key = path.join(seat.machine.home, '.config/git-teleport/id_ed25519')
  const config = ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${key}`]
  const tree = await git('rev-parse', `${before}^{tree}`)
  return git(...config, 'commit-tree', '-S', ...(parents ?? ['-p', before]), '-m', text, tree)
}

function rows(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}
