/** A session goes from one member to another and back: whose bytes stay, what is left out, and what is said. */

import { appendFile, readFile } from 'node:fs/promises'
import test from 'ava'
import { isRecord, parseRows } from '../support/json.ts'
import { backups, forget, goOn, readTranscript, session, tell, transcriptOf } from './seat.ts'
import { makeTeam } from './team.ts'

test('ada hands a session to ben and takes it back: her bytes stay, his are sanitised wherever she goes', async (t) => {
  const team = await makeTeam(t)
  const ada = await team.sit('ada')
  const ben = await team.sit('ben')
  const tablet = await team.sit('ada-tablet', ada)
  await team.admit(ada, [
    { seat: ada, principal: 'ada@example.org' },
    { seat: ben, principal: 'ben@example.org' },
  ])
  const tale = await tell(ada)
  t.like(await ada.run(['push', '--to', 'team', '--yes']), { state: 'pushed' })
  const told = await readTranscript(ada)

  const first = await ben.run(['pull', session])
  t.like(first, { state: 'new', tier: 'sanitised', writers: ['ada@example.org'] })
  t.like(first['signer'], { kind: 'member', own: false, principal: 'ada@example.org' })
  t.like(first['from'], { principal: 'ada@example.org' })
  t.true(isRecord(first['dropped']) && Number(first['dropped']['prompt-history']) > 0)
  const atBen = await readTranscript(ben)
  t.true(atBen.length < told.length)
  const kinds = new Set(parseRows(atBen.toString()).map((row) => row['type']))
  t.false(['mode', 'permission-mode', 'worktree-state'].some((kind) => kinds.has(kind)))

  await goOn(tale, ben, 9000)
  await appendFile(
    transcriptOf(ben),
    `${JSON.stringify({ type: 'permission-mode', permissionMode: 'bypassPermissions', sessionId: session })}\n`,
  )
  t.like(await ben.run(['push', session, '--yes']), { state: 'pushed', seq: 2 })

  const back = await ada.run(['pull', session])
  t.like(back, { state: 'fast-forward', tier: 'sanitised', writers: ['ben@example.org'] })
  t.true(isRecord(back['dropped']) && Number(back['dropped']['permission-mode']) > 1)
  const after = await readTranscript(ada)
  t.true(after.subarray(0, told.length).equals(told), 'her own bytes are as they were')
  t.true(after.length > told.length)
  t.false(after.includes('bypassPermissions'))
  t.like(await ada.run(['pull', session]), { state: 'same' })

  await goOn(tale, ada, 6000)
  const third = await ada.run(['push', session])
  t.like(third, { state: 'pushed', seq: 3 })
  t.true(Number(third['bytesAdded']) < 60_000)
  const atAda = await readTranscript(ada)

  const carried = await tablet.run(['pull', session])
  t.like(carried, { state: 'new', tier: 'sanitised', writers: ['ben@example.org'] })
  t.like(carried['signer'], { kind: 'own', own: true })
  t.deepEqual(carried['dropped'], back['dropped'])
  t.false((await readTranscript(tablet)).includes('bypassPermissions'), 'carried on by her, it is still his')
  t.is(linesOf(await readTranscript(tablet)), linesOf(atAda))

  t.like(await ben.run(['pull', session]), { state: 'fast-forward', writers: ['ada@example.org'] })
  await goOn(tale, ben, 5000)
  await ben.run(['push', session, '--yes'])
  t.like(await ada.run(['pull', session]), { state: 'fast-forward' })
  const last = await readTranscript(ada)
  t.true(last.subarray(0, atAda.length).equals(atAda))
  // A machine without a record knows her segments by her commits below his: had it not, rows would be missing.
  await forget(tablet)
  t.like(await tablet.run(['pull', session, '--force']), { tier: 'sanitised', writers: ['ben@example.org'] })
  t.is(linesOf(await readTranscript(tablet)), linesOf(last))
})

test('both go on at once: the second is told what each side has, and every way out keeps both', async (t) => {
  const team = await makeTeam(t)
  const ada = await team.sit('ada')
  const ben = await team.sit('ben')
  await team.admit(ada, [
    { seat: ada, principal: 'ada@example.org' },
    { seat: ben, principal: 'ben@example.org' },
  ])
  const tale = await tell(ada, { bytes: 30_000 })
  await ada.run(['push', '--to', 'team', '--yes'])
  await ben.run(['pull', session])
  const before = tale.cursor
  await goOn(tale, ada)
  tale.cursor = before
  await goOn(tale, ben, 6000)
  await ada.run(['push', session])
  const mine = await readTranscript(ben)
  const theirs = await readTranscript(ada)
  for (const argv of [
    ['push', session, '--yes'],
    ['pull', session],
  ]) {
    const failure = await ben.refused(argv)
    t.like(failure, { exitCode: 5, code: 'diverged' })
    t.regex(
      failure.message,
      /here \(\d+ messages, last written \S+Z\) and by ada@example\.org on ada \(push 2, \S+Z, \d+ messages\)$/,
    )
    for (const way of ['pull --fork', 'push --fork', 'pull --force', 'push --force'])
      t.true(failure.hint.includes(`git teleport ${way} ${session}`))
  }
  t.true((await readTranscript(ben)).equals(mine), 'nothing of his is touched')
  const forked = await ben.run(['pull', session, '--fork'])
  t.like(forked, { state: 'new', tier: 'sanitised' })
  t.true((await readTranscript(ben)).equals(mine))
  t.true((await readTranscript(ada)).equals(theirs))
  const fork = await readFile(String(forked['transcript']), 'utf8')
  t.true(linesOf(fork) > 10 && !fork.includes(`"sessionId":"${session}"`))
  t.like(await ben.run(['push', session, '--force', '--yes']), { state: 'pushed', seq: 3 })
  t.like(await ada.run(['pull', session]), { state: 'fast-forward', tier: 'sanitised' })
  t.true(
    (await backups(ada)).some((kept) => kept.equals(theirs)),
    'hers is in the backup',
  )
})

const linesOf = (text: string | Buffer) => text.toString().split('\n').length
