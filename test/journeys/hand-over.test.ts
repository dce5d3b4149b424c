/** One person, two machines, one remote: the story that everything else is for. */

import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { dig, isRecord, parseRows, stringAt } from '../support/json.ts'
import { openClient } from './open-client.ts'
import {
  digest,
  filesBelow,
  goOn,
  type Home,
  listed,
  makeHome,
  neutral,
  objectsOf,
  readTranscript,
  type Seat,
  sameSession,
  session,
  tell,
} from './seat.ts'

/** Client rows and index are a few kB of ciphertext whatever is pushed. */
const overheadBytes = 8000

test('a session goes from laptop to desktop and back, twice over, and nothing is lost', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop', 'code/app'), await home.sit('desktop', 'Work/my app')]
  const tale = await tell(laptop, { bytes: 200_000 })
  const told = await readTranscript(laptop)
  t.like(await listed(laptop, 'status'), { state: 'never', seq: 0, live: false })

  t.like(await laptop.run(['push']), { state: 'pushed', seq: 1, segments: 1 })
  t.like(await listed(laptop, 'status'), { state: 'pushed', seq: 1, pendingBytes: 0 })
  t.like(await listed(laptop, 'list'), { state: 'same', seq: 1, onRemote: 'live' })
  t.like(await listed(desktop, 'list'), { state: 'new', seq: 1 })
  t.like(await desktop.run(['pull', session.slice(0, 8)]), { state: 'new', tier: 'exact', seq: 1 })
  t.true((await readTranscript(laptop)).equals(told))
  sameButForFolders(t, [laptop, desktop], await readTranscript(desktop), told)
  await everythingArrived(t, laptop, desktop)

  let seq = 1
  for (const [from, to] of [
    [desktop, laptop],
    [laptop, desktop],
    [desktop, laptop],
  ] as const) {
    seq += 1
    const [before, beforeThere] = [await readTranscript(from), await readTranscript(to)]
    await goOn(tale, from, 20_000)
    t.like(await listed(from, 'status'), { state: 'local-ahead', seq: seq - 1 })
    t.like(await listed(from, 'list'), { state: 'local-ahead', seq: seq - 1 })
    await pushSendsOnlyWhatIsNew(t, home, from, seq)
    const added = (await readTranscript(from)).subarray(before.length)
    t.like(await listed(to, 'list'), { state: 'fast-forward', seq })
    t.like(await to.run(['pull', session]), { state: 'fast-forward', tier: 'exact', seq })
    t.like(await listed(to, 'list'), { state: 'same', seq })
    t.like(await listed(to, 'status'), { state: 'pushed', seq, pendingBytes: 0 })

    const after = await readTranscript(to)
    t.true(after.subarray(0, beforeThere.length).equals(beforeThere), 'what was there is not rewritten')
    sameButForFolders(t, [from, to], after.subarray(beforeThere.length), added)
    pathFieldsAreOf(t, to, after.subarray(beforeThere.length))
    await everythingArrived(t, from, to)
    t.like(await to.run(['pull', session]), { state: 'same', files: 0, install: null })
  }
  t.true((await readTranscript(laptop)).subarray(0, told.length).equals(told))
})

test('shell files travel to own devices and are written only when asked for', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  await tell(laptop)
  await openClient(t, laptop)
  const snapshot = `shell-snapshots/snapshot-bash-${Date.now()}-abc123.sh`
  await writeFile(path.join(laptop.machine.config, snapshot), "alias ll='ls -l'\n")
  await laptop.run(['push'])
  const script = `session-env/${session}/sessionstart-hook-1.sh`
  const restored = async () =>
    [...(await filesBelow(desktop.machine.config)).keys()].filter((name) =>
      /^(session-env|shell-snap)/.test(name),
    )

  await desktop.run(['pull', session])
  t.deepEqual(await restored(), [])
  t.like(await desktop.run(['pull', session, '--restore-env']), { state: 'same' })
  t.deepEqual(await restored(), [script, snapshot])
  const [there, here] = [await filesBelow(desktop.machine.config), await filesBelow(laptop.machine.config)]
  t.deepEqual([there.get(script), there.get(snapshot)], [here.get(script), here.get(snapshot)])
  t.like(await desktop.run(['push', session]), { state: 'same' })
})

async function pushSendsOnlyWhatIsNew(
  t: ExecutionContext,
  home: Home,
  from: Seat,
  seq: number,
): Promise<void> {
  const before = await objectsOf(home, from)
  const planned = await from.run(['push', session, '--dry-run'])
  const pushed = await from.run(['push', session])
  t.deepEqual([pushed['state'], pushed['seq'], pushed['files']], ['pushed', seq, planned['files']])
  const bytesAdded = Number(pushed['bytesAdded'])
  t.true(bytesAdded > 15_000 && bytesAdded < 150_000, `${bytesAdded} bytes were added`)
  t.true(
    Number(pushed['bytesSent']) < bytesAdded / 2 + overheadBytes,
    `${pushed['bytesSent']} bytes were sent`,
  )
  const fresh = [...(await objectsOf(home, from))].filter(([id]) => !before.has(id)).map(([, kind]) => kind)
  // The segment, the manifest and the index entry; the session's commit and the index's.
  t.deepEqual(fresh.filter((kind) => kind !== 'tree').sort(), ['blob', 'blob', 'blob', 'commit', 'commit'])
}

/** Equal once each machine's own folders, and the names made of them, are told in one way. */
function sameButForFolders(t: ExecutionContext, seats: readonly Seat[], one: Buffer, other: Buffer): void {
  const [a, b] = [neutral(seats, one).split('\n'), neutral(seats, other).split('\n')]
  t.is(a.length, b.length)
  t.is(
    a.findIndex((line, at) => line !== b[at]),
    -1,
    'the first line that differs',
  )
}

/** What the client acts on names this machine only; what was said stays as it was said. */
function pathFieldsAreOf(t: ExecutionContext, seat: Seat, lines: Buffer): void {
  for (const row of parseRows(lines.toString())) {
    t.is(stringAt(row, 'cwd') ?? seat.top, seat.top)
    for (const field of ['filePath', 'persistedOutputPath']) {
      const named = stringAt(row, 'toolUseResult', field) ?? seat.top
      t.true(named.startsWith(seat.machine.home), named)
    }
  }
}

/** Every side file of `from` lies at `to` too, under the name that the client looks for there. */
async function everythingArrived(t: ExecutionContext, from: Seat, to: Seat): Promise<void> {
  await sameSession(t, from, to)
  const names = [...(await filesBelow(to.machine.config)).keys()]
  const travelled = ['projects', 'file-history', 'tasks', 'todos', 'plans', 'uploads', 'paste-cache']
  for (const folder of travelled)
    t.true(
      names.some((name) => name.startsWith(`${folder}/`)),
      folder,
    )
  t.is(await promptsOf(to), await promptsOf(from))
  await checkpointsCanBeRewound(t, to)
}

async function promptsOf(seat: Seat): Promise<number> {
  const history = (await filesBelow(seat.machine.config)).get('history.jsonl')?.toString() ?? ''
  return parseRows(history).filter((row) => row['project'] === seat.top).length
}

/** Each backup that a row names lies under the hash of the tracked file's path here. */
async function checkpointsCanBeRewound(t: ExecutionContext, seat: Seat): Promise<void> {
  const files = await filesBelow(path.join(seat.machine.config, 'file-history', session))
  let named = 0
  for (const row of parseRows((await readTranscript(seat)).toString())) {
    const tracked = dig(row, 'snapshot', 'trackedFileBackups')
    for (const [key, backup] of isRecord(tracked) ? Object.entries(tracked) : []) {
      const name = stringAt(backup, 'backupFileName')
      if (name === undefined) continue
      named += 1
      t.is(name.slice(0, 16), digest(path.join(seat.top, key)))
      t.true(files.has(name), name)
    }
  }
  t.true(named > 3)
}
