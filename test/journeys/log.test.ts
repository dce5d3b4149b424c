/** The log of segments as it lies on the remote after many pushes, rewritten, deleted and very large files. */

import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { recordsIn } from '../support/json.ts'
import {
  filesBelow,
  goOn,
  type Home,
  makeHome,
  readTranscript,
  type Seat,
  sameSession,
  session,
  tell,
  transcriptOf,
} from './seat.ts'

const ref = `refs/teleport/sessions/${session}`
const MiB = 1024 * 1024

test('thirty pushes lie in a few segments, and every machine reads them as one session', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  const sent: number[] = []
  for (let push = 1; push <= 30; push += 1) {
    if (push > 1) await goOn(tale, laptop, 1500)
    const pushed = await laptop.run(['push', session])
    t.is(pushed['seq'], push)
    sent.push(Number(pushed['bytesSent']))
    if (push % 13 === 0) await desktop.run(['pull', session])
  }
  const names = await treeOf(home, laptop, 'segments')
  t.true(names.length <= 8, names.join(' '))
  t.is(names.at(-1), '0030')
  const live = await sizeOf(home, laptop)
  const total = sent.reduce((sum, bytes) => sum + bytes, 0)
  t.log(`${names.length} segments, ${live} bytes live, ${total} sent in 30 pushes`)

  const tablet = await home.sit('tablet')
  t.like(await desktop.run(['pull', session]), { state: 'fast-forward', seq: 30 })
  t.like(await tablet.run(['pull', session]), { state: 'new', seq: 30 })
  for (const seat of [desktop, tablet]) await sameSession(t, laptop, seat)
})

test('bytes that nothing names any more are shed, and others go on across the cut', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  const upload = uploadOf(laptop, 'data.bin')
  const rewrite = () => writeFile(upload, randomBytes(1.5 * MiB))
  const parents = () => laptop.machine.git(home.remote, 'log', '-1', '--format=%P', ref)
  await rewrite()
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  let tip = ''
  let pushes = 1
  do {
    tip = await laptop.machine.git(home.remote, 'rev-parse', ref)
    await rewrite()
    pushes += 1
    t.like(await laptop.run(['push', session]), { state: 'pushed', seq: pushes })
  } while ((await parents()) !== '' && pushes < 12)
  t.true(pushes > 2 && pushes < 12, `cut at push ${pushes}`)
  const message = await laptop.machine.git(home.remote, 'log', '-1', '--format=%B', ref)
  t.regex(message, new RegExp(`\\nTeleport-Seq: ${pushes}\\nTeleport-Previous: ${tip}\\n`))
  const live = await sizeOf(home, laptop)
  t.true(live < 2 * MiB, `${live} bytes are live`)

  t.like(await desktop.run(['pull', session]), { state: 'fast-forward', seq: pushes })
  await sameSession(t, laptop, desktop)
  await goOn(tale, desktop)
  t.like(await desktop.run(['push', session]), { state: 'pushed', seq: pushes + 1 })
  t.is(await laptop.machine.git(home.remote, 'rev-list', '--count', ref), '2')
  t.like(await laptop.run(['pull', session]), { state: 'fast-forward', seq: pushes + 1 })
  await sameSession(t, desktop, laptop)
})

test('a file is rewritten, deleted, and comes back, on every machine', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  await tell(laptop)
  const [kept, other] = [uploadOf(laptop, 'kept.txt'), uploadOf(laptop, 'other.txt')]
  await writeFile(kept, 'one\n')
  await writeFile(other, '')
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  t.is(await readFile(uploadOf(desktop, 'other.txt'), 'utf8'), '')

  const step = async (change: () => Promise<void>, ops: readonly string[]) => {
    await change()
    const pushed = await laptop.run(['push', session])
    t.deepEqual(
      recordsIn(pushed['files']).map(({ name, op }) => `${name} ${op}`),
      ops,
    )
    await desktop.run(['pull', session])
    await sameSession(t, laptop, desktop)
  }
  await step(() => appendFile(kept, 'two\n'), ['uploads/kept.txt append'])
  await step(() => writeFile(kept, 'three\n'), ['uploads/kept.txt whole'])
  await step(async () => {
    await rm(kept)
    await writeFile(other, 'no longer empty\n')
  }, ['uploads/kept.txt gone', 'uploads/other.txt append'])
  await step(() => writeFile(kept, 'back\n'), ['uploads/kept.txt whole'])
  await step(() => rm(other), ['uploads/other.txt gone'])
  const tablet = await home.sit('tablet')
  await tablet.run(['pull', session])
  await sameSession(t, laptop, tablet)
})

test('what is larger than a blob may be is cut into parts', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await writeFile(uploadOf(laptop, 'large.bin'), randomBytes(20 * MiB))
  await laptop.run(['push'])
  t.deepEqual(await treeOf(home, laptop, 'segments'), ['0001.00', '0001.01', '0001.02'])
  await desktop.run(['pull', session])
  await sameSession(t, laptop, desktop)
  await goOn(tale, desktop)
  const pushed = await desktop.run(['push', session])
  t.true(Number(pushed['bytesSent']) < 50_000, `${pushed['bytesSent']} bytes were sent`)
  t.deepEqual(await treeOf(home, laptop, 'segments'), ['0001.00', '0001.01', '0001.02', '0002'])
})

test('odd lines travel as they are: very long, ended by CR LF, half written', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  await tell(laptop)
  const row = (seat: Seat, text: string) =>
    JSON.stringify({
      type: 'user',
      cwd: seat.top,
      sessionId: session,
      message: { role: 'user', content: text },
    })
  const long = 'a long line '.repeat(5 * MiB)
  const lines = (seat: Seat) => `${row(seat, 'by a foreign hand')}\r\n${row(seat, long)}\n`
  const told = await readTranscript(laptop)
  const half = row(laptop, 'not yet all there').slice(0, 40)
  await appendFile(transcriptOf(laptop), lines(laptop) + half)
  const spills = path.join(path.dirname(transcriptOf(laptop)), session, 'tool-results')
  await mkdir(spills, { recursive: true })
  await writeFile(path.join(spills, 'empty.txt'), '')

  await laptop.run(['push'])
  t.like(await laptop.run(['push']), { state: 'same' })
  await desktop.run(['pull', session])
  const pulled = await readTranscript(desktop)
  t.is(pulled.subarray(-Buffer.byteLength(lines(desktop))).compare(Buffer.from(lines(desktop))), 0)
  const empty = [...(await filesBelow(desktop.machine.config))].find(([name]) => name.endsWith('/empty.txt'))
  t.is(empty?.[1].length, 0)

  // The line that was begun is finished; on the other machine a client died within one.
  const rest = `${row(laptop, 'not yet all there').slice(40)}\n`
  await appendFile(transcriptOf(laptop), rest)
  t.like(await laptop.run(['push']), { state: 'pushed', bytesAdded: half.length + rest.length })
  await appendFile(transcriptOf(desktop), '{"type":"user","mess')
  t.like(await desktop.run(['pull', session]), { state: 'fast-forward' })
  await sameSession(t, laptop, desktop)
  t.true((await readTranscript(laptop)).subarray(0, told.length).equals(told))
})

const uploadOf = (seat: Seat, name: string) => path.join(seat.machine.config, 'uploads', session, name)

/** Names in a folder of the newest commit's tree. */
async function treeOf(home: Home, seat: Seat, folder: string): Promise<readonly string[]> {
  return (await seat.machine.git(home.remote, 'ls-tree', '--name-only', `${ref}:${folder}`)).split('\n')
}

/** Bytes of all blobs that the newest commit names. */
async function sizeOf(home: Home, seat: Seat): Promise<number> {
  const rows = (await seat.machine.git(home.remote, 'ls-tree', '-rl', ref)).split('\n')
  return rows.reduce((sum, row) => sum + Number(row.split(/\s+/)[3]), 0)
}
