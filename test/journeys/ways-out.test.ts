/** Out of a session that went on in two places, and back from a pull: nothing is lost on any way. */

import { appendFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { parseRows, stringAt } from '../support/json.ts'
import {
  backups,
  filesBelow,
  goOn,
  type Home,
  listed,
  makeHome,
  readTranscript,
  type Seat,
  session,
  type Tale,
  tell,
  transcriptOf,
} from './seat.ts'

test('pull --fork: the remote one becomes a new session here, and the one here stays', async (t) => {
  const { laptop, desktop } = await diverged(t)
  const before = await filesBelow(desktop.machine.config)
  const pulled = await desktop.run(['pull', session, '--fork'])
  t.like(pulled, { state: 'new', tier: 'exact' })
  const fork = idIn(pulled)
  const after = await filesBelow(desktop.machine.config)
  for (const [name, bytes] of before) {
    if (name !== 'history.jsonl') t.true(after.get(name)?.equals(bytes), name)
  }
  t.is(shapeOf(await readTranscript(desktop, fork)), shapeOf(await readTranscript(laptop)))
  const rows = parseRows((await readTranscript(desktop, fork)).toString())
  t.deepEqual([...new Set(rows.map((row) => stringAt(row, 'sessionId') ?? fork))], [fork])
  for (const folder of ['file-history', 'tasks', 'uploads'])
    t.true(
      [...after.keys()].some((name) => name.startsWith(`${folder}/${fork}/`)),
      folder,
    )
  t.is(rowsOf(after.get('history.jsonl'), fork), rowsOf(before.get('history.jsonl'), session))

  t.like(await desktop.refused(['pull', session]), { code: 'diverged' })
  t.like(await desktop.run(['push', fork]), { state: 'pushed', seq: 1 })
  t.like(await laptop.run(['pull', fork]), { state: 'new' })
  t.is(shapeOf(await readTranscript(laptop, fork)), shapeOf(await readTranscript(laptop)))
})

test('push --fork: the one here becomes a new session, and the remote one can be pulled beside it', async (t) => {
  const { laptop, desktop, atDesktop, atLaptop } = await diverged(t)
  const pushed = await desktop.run(['push', session, '--fork'])
  t.like(pushed, { state: 'pushed', seq: 1 })
  const fork = idIn(pushed)
  t.not(fork, session)
  t.is(shapeOf(await readTranscript(desktop, fork)), shapeOf(atDesktop))
  await t.throwsAsync(readTranscript(desktop), { code: 'ENOENT' })
  t.true((await backups(desktop)).some((bytes) => bytes.equals(atDesktop)))

  t.like(await desktop.run(['pull', session]), { state: 'new' })
  t.is(shapeOf(await readTranscript(desktop)), shapeOf(atLaptop))
  t.like(await laptop.run(['pull', fork]), { state: 'new' })
  t.is(shapeOf(await readTranscript(laptop, fork)), shapeOf(atDesktop))
  for (const id of [session, fork]) {
    t.like(await listed(laptop, 'list', id), { state: 'same' })
    t.like(await listed(desktop, 'list', id), { state: 'same' })
  }
})

test('a copy that is older than what was pushed is not sent over it, and a pull brings back what it lacks', async (t) => {
  const home = await makeHome(t)
  const laptop = await home.sit('laptop')
  const tale = await tell(laptop, { bytes: 60_000 })
  await laptop.run(['push'])
  const older = await readTranscript(laptop)
  await goOn(tale, laptop)
  await laptop.run(['push'])
  const newer = await readTranscript(laptop)

  await writeFile(transcriptOf(laptop), older)
  t.like(await listed(laptop, 'status'), { state: 'older' })
  const failure = await laptop.refused(['push'])
  t.like(failure, { exitCode: 5, code: 'diverged' })
  t.regex(failure.message, /is shorter here \(\d+ messages\) than in push 2/)
  t.like(await laptop.run(['pull', session]), { state: 'fast-forward' })
  t.is(shapeOf(await readTranscript(laptop)), shapeOf(newer))
  t.like(await laptop.run(['push']), { state: 'same' })

  await writeFile(transcriptOf(laptop), older)
  t.like(await laptop.run(['push', '--force']), { state: 'pushed', seq: 3 })
  t.like(await listed(laptop, 'status'), { state: 'pushed' })
})

test('pull --force: the remote one takes the place, and undo brings back the one that was here', async (t) => {
  const { desktop, atDesktop, atLaptop } = await diverged(t)
  const before = await filesBelow(desktop.machine.config)
  t.like(await desktop.run(['pull', session, '--force', '--dry-run']), { install: null })
  t.true((await readTranscript(desktop)).equals(atDesktop))
  t.like(await desktop.run(['pull', session, '--force']), { state: 'diverged', seq: 2 })
  t.is(shapeOf(await readTranscript(desktop)), shapeOf(atLaptop))
  t.true((await backups(desktop)).some((bytes) => bytes.equals(atDesktop)))
  t.like(await desktop.run(['pull', session]), { state: 'same' })
  t.like(await desktop.run(['push', session]), { state: 'same' })

  await desktop.run(['undo'])
  sameFiles(t, await filesBelow(desktop.machine.config), before)
  t.like(await desktop.refused(['pull', session]), { code: 'diverged' })
})

test('push --force: the one here replaces the remote one, whose commit stays in the store', async (t) => {
  const { home, laptop, desktop, tale, atDesktop, atLaptop } = await diverged(t)
  const ref = `refs/teleport/sessions/${session}`
  const old = await laptop.machine.git(home.remote, 'rev-parse', ref)
  const pushed = await desktop.run(['push', session, '--force'])
  t.like(pushed, { state: 'pushed', seq: 3, segments: 1 })
  const message = await laptop.machine.git(home.remote, 'log', '--format=%P%n%B', ref)
  t.regex(message, new RegExp(`^\\n[^]*\\nTeleport-Seq: 3\\nTeleport-Previous: ${old}\\n`))
  const store = path.join(desktop.top, '.git/teleport')
  t.is(await desktop.machine.git(store, 'for-each-ref', '--format=%(objectname)', 'refs/local'), old)
  t.true((await readTranscript(desktop)).equals(atDesktop))

  t.like(await laptop.run(['pull', session]), { state: 'fast-forward', seq: 3 })
  t.is(shapeOf(await readTranscript(laptop)), shapeOf(atDesktop))
  t.true((await backups(laptop)).some((bytes) => bytes.equals(atLaptop)))
  await goOn(tale, laptop)
  t.like(await laptop.run(['push', session]), { state: 'pushed', seq: 4 })
  t.like(await listed(laptop, 'list'), { messages: messagesIn(await readTranscript(laptop)) })
  t.like(await desktop.run(['pull', session]), { state: 'fast-forward', seq: 4 })

  // Replaced once more, while the laptop went on.
  const apart = { ...tale }
  await goOn(tale, laptop)
  await laptop.run(['push', session])
  await goOn(apart, desktop, 9000)
  t.like(await desktop.run(['push', session, '--force']), { state: 'pushed', seq: 6 })
  await goOn(tale, laptop)
  t.like(await laptop.refused(['pull', session]), { exitCode: 5, code: 'diverged' })
  t.like(await laptop.refused(['push', session]), { exitCode: 5, code: 'diverged' })
})

test('undo takes back one pull after the other, and nothing that changed since', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await laptop.run(['push'])
  t.like(await desktop.refused(['undo']), {
    exitCode: 3,
    code: 'nothing-to-undo',
    hint: 'git teleport status',
  })
  await desktop.run(['pull', session])
  const first = await filesBelow(desktop.machine.config)
  await goOn(tale, laptop)
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  const second = await filesBelow(desktop.machine.config)

  await appendFile(transcriptOf(desktop), '{"type":"user"}\n')
  const refusal = await desktop.refused(['undo'])
  t.like(refusal, { exitCode: 1, code: 'undo-changed', hint: 'git teleport undo --force' })
  t.true(refusal.message.includes(transcriptOf(desktop)))
  const changed = await filesBelow(desktop.machine.config)
  t.is(changed.size, second.size)
  const undone = await desktop.run(['undo', '--force'])
  t.deepEqual([undone['session'], Array.isArray(undone['restored'])], [session, true])
  sameFiles(t, await filesBelow(desktop.machine.config), first)
  t.true((await backups(desktop)).some((bytes) => bytes.toString().endsWith('{"type":"user"}\n')))
  t.like(await listed(desktop, 'list'), { state: null })

  await desktop.run(['undo'])
  t.deepEqual([...(await filesBelow(desktop.machine.config)).keys()], ['history.jsonl'])
  t.like(await listed(desktop, 'list'), { state: 'new' })
  t.like(await desktop.refused(['undo']), { exitCode: 3, code: 'nothing-to-undo' })
  t.like(await desktop.run(['pull', session]), { state: 'new' })
  sameFiles(t, await filesBelow(desktop.machine.config), second)
})

interface Diverged {
  readonly home: Home
  readonly laptop: Seat
  readonly desktop: Seat
  readonly tale: Tale
  /** Transcripts of both. */
  readonly atLaptop: Buffer
  readonly atDesktop: Buffer
}

/** Both went on after the last sync; the laptop has pushed. */
async function diverged(t: ExecutionContext): Promise<Diverged> {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  const fork = { ...tale }
  await goOn(fork, desktop, 9000)
  await goOn(tale, laptop)
  await laptop.run(['push'])
  const [atLaptop, atDesktop] = [await readTranscript(laptop), await readTranscript(desktop)]
  t.not(shapeOf(atLaptop), shapeOf(atDesktop))
  return { home, laptop, desktop, tale, atLaptop, atDesktop }
}

/** The conversation alone: which rows, in which order, saying what in how many words. */
function shapeOf(transcript: Buffer): string {
  const rows = parseRows(transcript.toString())
  return rows
    .map((row) => `${row['type']} ${stringAt(row, 'uuid') ?? ''} ${stringAt(row, 'timestamp') ?? ''}`)
    .join('\n')
}

function rowsOf(history: Buffer | undefined, id: SessionId): number {
  return parseRows(history?.toString() ?? '').filter((row) => row['sessionId'] === id).length
}

const idIn = (result: Readonly<Record<string, unknown>>) => parseSessionId(String(result['session']))

/** All but the prompt history, whose rows stay. */
function sameFiles(
  t: ExecutionContext,
  found: ReadonlyMap<string, Buffer>,
  expected: ReadonlyMap<string, Buffer>,
): void {
  t.deepEqual([...found.keys()], [...expected.keys()])
  for (const [name, bytes] of expected)
    if (name !== 'history.jsonl') t.true(found.get(name)?.equals(bytes), name)
}

/** User and assistant rows of the main conversation. */
function messagesIn(transcript: Buffer): number {
  const types = parseRows(transcript.toString()).filter((row) => row['isSidechain'] !== true)
  return types.filter((row) => row['type'] === 'user' || row['type'] === 'assistant').length
}
