/** Finishes or clears away what a killed installation left behind. */

import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ClaudeHome } from './home.ts'
import { applyJournal, removeStaging, stagingTop } from './install-apply.ts'
import { backupFolder, installPid, listJournals, namesIn, readJournal } from './install-journal.ts'
import { isRunning, startTicks } from './process-start.ts'

/**
 * Rolls forward every installation whose journal was written, and removes the staging folders and backups of those that
 * never got so far, when their process is dead. Returns the ids that were rolled forward.
 */
export async function recoverInstalls(claude: ClaudeHome, journalDir: string): Promise<readonly string[]> {
  const finished: string[] = []
  for (const journal of await listJournals(journalDir)) {
    if (journal.state !== 'committed' || (await isAlive(claude, journal.id))) continue
    await applyJournal(claude, journalDir, journal, () => {})
    finished.push(journal.id)
  }
  await clearAbandoned(claude)
  for (const id of await namesIn(path.join(journalDir, 'backups'))) {
    if (installPid(id) === undefined || (await readJournal(journalDir, id)) || (await isAlive(claude, id)))
      continue
    await rm(backupFolder(journalDir, id), { recursive: true, force: true })
  }
  return finished
}

/** Removes what processes that are dead by now had staged, or decrypted to be looked at. */
export async function clearAbandoned(claude: ClaudeHome): Promise<void> {
  for (const id of await namesIn(stagingTop(claude))) await clearStaging(claude, id)
}

/** The staging folders of all repositories lie together: one whose journal waits elsewhere is left to that one. */
async function clearStaging(claude: ClaudeHome, id: string): Promise<void> {
  if (installPid(id) === undefined || (await isAlive(claude, id))) return
  const { journalDir } = await readOwner(claude, id)
  const journal = journalDir === undefined ? undefined : await readJournal(journalDir, id)
  if (journal?.state === 'committed') return
  await removeStaging(claude, path.join(stagingTop(claude), id))
}

async function isAlive(claude: ClaudeHome, id: string): Promise<boolean> {
  const pid = installPid(id)
  if (pid === undefined || !isRunning(pid)) return false
  const { ticks } = await readOwner(claude, id)
  const now = await startTicks(pid)
  return ticks === undefined || now === null || ticks === now
}

/** Killed before it was written, nothing is known: then nothing was staged either. */
async function readOwner(
  claude: ClaudeHome,
  id: string,
): Promise<{ readonly ticks?: number; readonly journalDir?: string }> {
  try {
    const value: unknown = JSON.parse(await readFile(path.join(stagingTop(claude), id, 'owner.json'), 'utf8'))
    if (typeof value !== 'object' || value === null) return {}
    const ticks = 'ticks' in value && typeof value.ticks === 'number' ? { ticks: value.ticks } : {}
    const known = 'journalDir' in value && typeof value.journalDir === 'string'
    return known && typeof value.journalDir === 'string' ? { ...ticks, journalDir: value.journalDir } : ticks
  } catch {
    return {}
  }
}
