/** The promise itself: a session of the real client moves to another machine, goes on there, comes back, twice over. */

import { readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { SessionId } from '../../src/model.ts'
import { cliDone } from '../support/cli.ts'
import { parseRows, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { type ClientWorld, converse, openClientWorld, transcriptOf } from './client-world.ts'
import {
  madeFile,
  makeRealSession,
  missingFrom,
  resumeAndSay,
  rewindTo,
  textOnce,
  versions,
} from './real-session.ts'

interface Place {
  readonly machine: Machine
  readonly top: string
}

test.serial(
  'a session of the real client goes to another machine and back, twice, with /rewind intact',
  async (t) => {
    const world = await openClientWorld(t)
    if (world === undefined) return
    const sandbox = await makeSandbox(t)
    const remote = await sandbox.bareRemote()
    const laptop = await placeOf(await sandbox.machine('laptop'), remote, 'code/project')
    const desktop = await placeOf(await sandbox.machine('desktop'), remote, 'Work/the project')
    const made = await makeRealSession(t, world, laptop.machine, laptop.top)
    const id = made.session

    await teleport(laptop, 'init')
    await teleport(laptop, 'push')
    await carryKey(laptop, desktop)
    // The code comes by git in real life, before or after the session.
    await writeFile(path.join(desktop.top, madeFile), versions.changed)
    await teleport(desktop, 'pull', id.slice(0, 8))

    await rewindWorks(t, world, desktop, id, made.said)
    const said = [...made.said, 'seq 1 20000', 'small errand', 'on the desktop']
    const requests = await resumeAndSay(t, world, desktop.machine, desktop.top, id, 'on the desktop')
    t.deepEqual(missingFrom(requests.at(-1), said), [])
    await largeResultsAreHere(t, desktop, laptop, id)

    for (const [from, to, words] of [
      [desktop, laptop, 'back on the laptop'],
      [laptop, desktop, 'once more on the desktop'],
      [desktop, laptop, 'and home again'],
    ] as const) {
      await teleport(from, 'push', id)
      await teleport(to, 'pull', id)
      said.push(words)
      const next = await resumeAndSay(t, world, to.machine, to.top, id, words)
      t.deepEqual(missingFrom(next.at(-1), said), [])
    }
  },
)

async function placeOf(machine: Machine, remote: string, where: string): Promise<Place> {
  return { machine, top: await checkout(machine, remote, where) }
}

async function teleport(place: Place, ...argv: string[]): Promise<string> {
  return (await cliDone(place.machine, argv, { cwd: place.top })).stdout
}

async function carryKey(from: Place, to: Place): Promise<void> {
  const passphrase = path.join(from.machine.folder, 'passphrase')
  const exported = path.join(from.machine.folder, 'key.txt')
  await writeFile(passphrase, 'carried by hand\n')
  await teleport(from, 'key', 'export', '--passphrase-file', passphrase, '--output', exported)
  await teleport(to, 'key', 'import', exported, '--passphrase-file', passphrase)
  await rm(exported)
}

/** The rows name the file below this machine's folders, and it holds what it held on the other. */
async function largeResultsAreHere(
  t: ExecutionContext,
  here: Place,
  there: Place,
  session: SessionId,
): Promise<void> {
  const spilled = async (place: Place) => {
    const rows = parseRows(await readFile(await transcriptOf(place.machine, session), 'utf8'))
    return rows.flatMap((row) => stringAt(row, 'toolUseResult', 'persistedOutputPath') ?? [])
  }
  const [mine, theirs] = [await spilled(here), await spilled(there)]
  t.true(mine.length > 0)
  t.is(mine.length, theirs.length)
  for (const [index, file] of mine.entries()) {
    t.true(file.startsWith(`${here.machine.config}/projects/`), file)
    t.deepEqual(await readFile(file), await readFile(theirs[index] ?? ''))
  }
}

async function rewindWorks(
  t: ExecutionContext,
  world: ClientWorld,
  place: Place,
  session: SessionId,
  said: readonly string[],
): Promise<void> {
  const conversation = await converse(t, world, place.machine, place.top, session)
  const listed = await rewindTo(conversation, 'change the app')
  for (const words of said) t.true(listed.includes(words), `/rewind lists ${words}`)
  t.is(await textOnce(path.join(place.top, madeFile), versions.made), versions.made)
  await conversation.exit()
}
