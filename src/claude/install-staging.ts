/** The folder in which an installation gathers its files before any of them takes its place. */

import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import { checkFolder, chunks, regularFile, syncFiles, writeNew } from './durable-file.ts'
import type { ClaudeHome } from './home.ts'
import { stagingTop } from './install-apply.ts'
import { journalPath, newInstallId } from './install-journal.ts'
import { startTicks } from './process-start.ts'

/** A folder of our own whose name says which process it belongs to, with a note of where its journal will be. */
export async function makeStaging(
  claude: ClaudeHome,
  journalDir: string,
  now: Date,
): Promise<{ readonly id: string; readonly staging: string }> {
  const top = stagingTop(claude)
  await checkFolder(claude.config, top, true)
  for (let counter = 0; ; counter++) {
    const id = newInstallId(now, process.pid, counter)
    const staging = path.join(top, id)
    if (await regularFile(journalPath(journalDir, id))) continue
    try {
      await mkdir(staging, { mode: 0o700 })
    } catch (error) {
      if (errnoOf(error) === 'EEXIST' && counter < 99) continue
      throw fileError(error, `making ${staging}`)
    }
    const owner = { ticks: await startTicks(process.pid), journalDir }
    const note = path.join(staging, 'owner.json')
    await writeNew(note, chunks(Buffer.from(JSON.stringify(owner))))
    await syncFiles([note])
    return { id, staging }
  }
}
