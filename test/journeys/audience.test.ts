/** Who can read a session: chosen, kept, widened, narrowed. */

import test from 'ava'
import { teleport } from '../support/in-process.ts'
import { type Crew, makeCrew, principalOf, publicKey } from './crew.ts'
import { goOn, listed, readTranscript, type Seat, session, tell } from './seat.ts'

const ref = `refs/teleport/sessions/${session}`
const trailer = async (crew: Crew, at: Seat, name: string) =>
  /^\S+$/m.exec(
    await at.machine.git(crew.remote, 'log', '-1', `--format=%(trailers:key=${name},valueonly)`, ref),
  )?.[0]
const keyAge = (crew: Crew, at: Seat) => at.machine.git(crew.remote, 'rev-parse', `${ref}:key.age`)
const segments = (crew: Crew, at: Seat) => at.machine.git(crew.remote, 'rev-parse', `${ref}:segments`)

test('a session goes to the team once a person said so, and whoever goes on with it keeps its readers', async (t) => {
  const crew = await makeCrew(t)
  const [ada, bob, eve] = [await crew.sit('ada'), await crew.sit('bob'), await crew.sit('eve')]
  const policy = await crew.appoint([ada, bob])
  const tale = await tell(ada)

  const asked = await ada.refused(['push'])
  t.like(asked, { exitCode: 2, code: 'needs-confirmation', hint: 'add --yes to say so' })
  t.regex(asked.message, /the whole team .*\(bob@example\.org\)/)
  t.is(await ada.machine.git(crew.remote, 'for-each-ref', ref), '')
  t.like(await ada.run(['push', '--dry-run']), { readableBy: ['you', 'bob@example.org'], state: 'dry-run' })
  const sent = await ada.run(['push', '--yes'])
  t.deepEqual(sent['readableBy'], ['bob@example.org', 'you'].sort().toReversed())
  t.is(await trailer(crew, ada, 'Teleport-Policy'), policy)

  t.like(await listed(bob, 'list'), { author: 'ada@example.org', own: false, state: 'new', holder: null })
  t.like(await eve.refused(['list']), { exitCode: 6, code: 'policy-not-accepted' })
  t.like(await bob.run(['pull', session]), { state: 'new', tier: 'sanitised' })

  await goOn(tale, ada)
  t.like(await ada.run(['push']), { state: 'pushed', seq: 2 }, 'the second push asks nobody')
  await bob.run(['pull', session])
  await goOn(tale, bob)
  const kept = await bob.run(['push', session, '--yes'])
  t.like(kept, { state: 'pushed', seq: 3, recipients: sent['recipients'] })
  await ada.run(['pull', session])
  t.true((await readTranscript(ada)).length > 60_000)
  t.like(await listed(ada, 'list'), { author: 'bob@example.org', own: false, state: 'same', seq: 3 })
})

test('widening an exact session starts it anew, widening a shared one only its key, narrowing starts anew', async (t) => {
  const crew = await makeCrew(t)
  const [ada, bob, cleo] = [await crew.sit('ada'), await crew.sit('bob'), await crew.sit('cleo')]
  await crew.appoint([ada, bob, cleo])
  const tale = await tell(ada)
  t.like(await ada.run(['push', '--to', 'me']), { readableBy: ['you'], seq: 1 })
  t.like(await bob.refused(['pull', session]), { exitCode: 4, code: 'not-a-reader' })
  const mine = await segments(crew, ada)

  const unknown = await ada.refused(['push', '--to', 'bop@example.org'])
  t.like(unknown, { exitCode: 3, code: 'unknown-member', hint: 'git teleport push --to bob@example.org' })

  const told = await teleport(ada.machine, ['push', '--to', principalOf(bob)], { cwd: ada.top })
  t.is(told.exitCode, 0, told.stderr)
  t.regex(told.stdout, /^readable by: you, bob@example\.org$/m)
  t.regex(told.stderr, /for your own devices only: for others it is encrypted anew/)
  t.is(await ada.machine.git(crew.remote, 'log', '-1', '--format=%P', ref), '', 'a new root')
  t.not(await segments(crew, ada), mine)
  t.like(await bob.run(['pull', session]), { state: 'new', seq: 2 })
  t.like(await cleo.refused(['pull', session]), { exitCode: 4, code: 'not-a-reader' })

  const [key, same] = [await keyAge(crew, ada), await segments(crew, ada)]
  const widened = await ada.run(['push', '--to', `${principalOf(bob)},${principalOf(cleo)}`])
  t.like(widened, { state: 'pushed', seq: 3, bytesAdded: 0 })
  t.not(await keyAge(crew, ada), key)
  t.is(await segments(crew, ada), same, 'no segment was sent again')
  t.like(await cleo.run(['pull', session]), { state: 'new', seq: 3 })

  await goOn(tale, ada)
  const narrowed = await teleport(ada.machine, ['push', '--to', principalOf(cleo)], { cwd: ada.top })
  t.regex(narrowed.stderr, /a reader was removed: .*what they have fetched they keep/)
  t.is(await ada.machine.git(crew.remote, 'log', '-1', '--format=%P', ref), '')
  t.like(await bob.refused(['pull', session]), { exitCode: 4, code: 'not-a-reader' })
  t.is(await listed(bob, 'list'), undefined, 'the entry moved with the audience')
  t.like(await cleo.run(['pull', session]), { state: 'fast-forward', seq: 4 })
  t.like(await listed(ada, 'status'), { readableBy: ['you', 'cleo@example.org'], readersChanged: false })

  const mixed = await ada.refused(['push', '--to', 'me', '--to', `age1pq1${'q'.repeat(100)}`])
  t.like(mixed, { exitCode: 2, code: 'mixed-readers' })
})

test('rewrap lets in who came, shuts out who left, and waits for a key that the team does not know', async (t) => {
  const crew = await makeCrew(t)
  const [ada, bob, cleo] = [await crew.sit('ada'), await crew.sit('bob'), await crew.sit('cleo')]
  await crew.appoint([ada, bob])
  const tale = await tell(ada)
  await ada.run(['push', '--yes'])
  t.like(await ada.run(['rewrap', '--all']), { sessions: [{ session, state: 'same' }] })

  await crew.appoint([ada, bob, cleo])
  t.like(await listed(ada, 'status'), { readersChanged: true })
  t.like(await cleo.refused(['pull', session]), { exitCode: 4, code: 'not-a-reader' })
  const [tip, same] = [await ada.machine.git(crew.remote, 'rev-parse', ref), await segments(crew, ada)]
  const added = { session, state: 'added', added: ['cleo@example.org'], removed: [] }
  t.like(await ada.run(['rewrap', '--all', '--dry-run']), { sessions: [added] })
  t.is(await ada.machine.git(crew.remote, 'rev-parse', ref), tip)
  t.like(await ada.run(['rewrap', '--all']), { sessions: [added] })
  t.is(await segments(crew, ada), same)
  t.like(await cleo.run(['pull', session]), { state: 'new', seq: 2 })
  t.like(await listed(ada, 'status'), { readersChanged: false, seq: 2, state: 'pushed' })
  await goOn(tale, ada)
  t.like(await ada.run(['push']), { seq: 3 })

  await crew.appoint([ada, cleo])
  const left = await ada.run(['rewrap', session.slice(0, 8)])
  t.like(left, { sessions: [{ state: 'restarted', removed: ['+1 reader'], readers: 2 }] })
  t.is(await ada.machine.git(crew.remote, 'log', '-1', '--format=%P', ref), '')
  t.not(await segments(crew, ada), same)
  t.like(await cleo.run(['pull', session]), { state: 'fast-forward', seq: 4 })
  t.like(await ada.refused(['rewrap']), { exitCode: 2, code: 'usage' })

  const rotated = await ada.run(['key', 'rotate', '--yes'])
  t.like(rotated['sessions'], [{ state: 'waiting' }])
  t.regex(
    String(rotated['signerLine']),
    /^ada@example\.org namespaces="git" ssh-ed25519 \S+ git-teleport@ada$/,
  )
  t.regex(String(rotated['signerLine']), new RegExp((await publicKey(ada)).replaceAll('+', '\\+')))
  await crew.appoint([ada, cleo])
  t.like(await ada.run(['rewrap', '--all']), { sessions: [{ state: 'restarted' }] })
  t.like(await cleo.run(['pull', session]), { state: 'fast-forward', seq: 5 })
  t.like(await ada.run(['pull', session]), { state: 'same' })
})
