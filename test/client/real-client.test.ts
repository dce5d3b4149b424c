/** The kit for journeys with the real client, proven without git-teleport: a verbatim copy on one machine. */

import { cp, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { writeSession } from '../../src/demo/write-session.ts'
import { clientEnvironment, prepareClientHome } from '../support/claude-client.ts'
import { stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, must } from '../support/sandbox.ts'
import { toldOptions } from '../support/told.ts'
import { converse, openClientWorld, rowsOf } from './client-world.ts'
import {
  madeFile,
  makeRealSession,
  missingFrom,
  resumeAndSay,
  rewindTo,
  textOnce,
  versions,
} from './real-session.ts'

/** What belongs to one session, below the configuration folder. */
const kept = (projectDir: string, session: string) => [
  `projects/${projectDir}/${session}.jsonl`,
  `projects/${projectDir}/${session}`,
  `file-history/${session}`,
  `tasks/${session}`,
]

async function ageBackups(machine: Machine, session: string, time: Date): Promise<void> {
  const folder = path.join(machine.config, 'file-history', session)
  for (const name of await readdir(folder)) await utimes(path.join(folder, name), time, time)
}

test.serial('a session that is put back verbatim goes on, and /rewind restores a file', async (t) => {
  const world = await openClientWorld(t)
  if (world === undefined) return
  const sandbox = await makeSandbox(t)
  const ada = await sandbox.machine('ada')
  const top = await checkout(ada, await sandbox.bareRemote(), 'work/project')
  const made = await makeRealSession(t, world, ada, top)
  const file = path.join(top, madeFile)
  t.is(await readFile(file, 'utf8'), versions.changed)

  const aside = path.join(ada.folder, 'aside')
  await rename(ada.config, aside)
  for (const name of kept(path.basename(path.dirname(made.transcript)), made.session)) {
    await cp(path.join(aside, name), path.join(ada.config, name), {
      recursive: true,
      preserveTimestamps: true,
    })
  }
  const requests = await resumeAndSay(t, world, ada, top, made.session, 'go on here')
  t.deepEqual(missingFrom(requests.at(-1), [...made.said, 'seq 1 20000', 'small errand', 'go on here']), [])
  const rows = await rowsOf(made.transcript)
  t.true(rows.every((row) => row['sessionId'] === undefined || row['sessionId'] === made.session))

  const conversation = await converse(t, world, ada, top, made.session)
  const listed = await rewindTo(conversation, 'change the app')
  for (const words of made.said) t.true(listed.includes(words), `/rewind lists ${words}`)
  t.is(await textOnce(file, versions.made), versions.made)

  // The client takes a backup of the file's size for the file itself unless the backup is the older one.
  await writeFile(file, versions.changed)
  await ageBackups(ada, made.session, new Date(Date.now() + 60_000))
  await rewindTo(conversation, 'change the app')
  await conversation.say('is it restored')
  t.is(await readFile(file, 'utf8'), versions.changed)
  await ageBackups(ada, made.session, new Date('2000-01-01'))
  await rewindTo(conversation, 'change the app')
  t.is(await textOnce(file, versions.made), versions.made)
  await conversation.exit()
})

test.serial('the real client goes on with an invented session', async (t) => {
  const world = await openClientWorld(t)
  if (world === undefined) return
  const sandbox = await makeSandbox(t)
  const ada = await sandbox.machine('ada')
  const top = await checkout(ada, await sandbox.bareRemote(), 'work/project')
  const options = toldOptions(ada.home, top, { bytes: 400_000 })
  const { transcript, cursor } = await writeSession(options)
  await prepareClientHome(ada, [top])
  const args = ['-p', '--resume', options.session, 'what now?']
  const env = clientEnvironment(world.api.url)
  const ran = must(await ada.run(world.program, args, { cwd: top, env }), 'claude -p')
  t.is(ran.stdout.trim(), 'Understood: what now?')
  t.deepEqual(missingFrom(world.api.requests.at(-1), [cursor.lastPrompt, 'what now?']), [])
  const added = (await rowsOf(transcript)).find((row) => stringAt(row, 'message', 'content') === 'what now?')
  t.is(added?.['parentUuid'], cursor.parent)
})
