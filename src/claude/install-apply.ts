/** Carries out the journal of an installation: from here on it only goes forward. */

import { constants, renameSync, unlinkSync, utimesSync } from 'node:fs'
import { copyFile, mkdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import { checkFolder, regularFile, syncFolder } from './durable-file.ts'
import { appendMissingRows } from './history-rows.ts'
import type { ClaudeHome } from './home.ts'
import { type Action, type Journal, readJournal, writeJournal } from './install-journal.ts'
import { isMissing, plainSize } from './session-file.ts'

/** Told the name of each step when it is done; the tests kill the program there. */
export type OnStep = (step: string) => void

/**
 * Does what is left to do, and marks the journal done. Safe to repeat after a crash at any point. Returns how many
 * history rows were appended by this call.
 */
export async function applyJournal(
  claude: ClaudeHome,
  journalDir: string,
  journal: Journal,
  onStep: OnStep,
): Promise<number> {
  const now = new Date(journal.created)
  let historyRows = 0
  try {
    for (const [index, action] of journal.actions.entries()) {
      await applyAction(claude, action, path.join(journal.backups, `late-${index}`), now)
      // Once for all that go to one folder, and before anything goes to the next: their order is kept.
      const folder = path.dirname(action.target)
      const next = journal.actions[index + 1]
      if (next === undefined || path.dirname(next.target) !== folder) await syncFolder(folder)
      onStep(`applied-${index}`)
    }
    if (journal.history !== null) {
      historyRows = await appendMissingRows(
        path.join(claude.config, 'history.jsonl'),
        journal.session,
        journal.history,
      )
      onStep('history')
    }
    if (journal.undoes !== null) await markUndone(journalDir, journal.undoes)
    await writeJournal(journalDir, { ...journal, state: 'done' })
    onStep('done')
  } catch (error) {
    throw fileError(error, `installing session ${journal.session}`)
  }
  await removeStaging(claude, journal.staging)
  onStep('cleaned')
  return historyRows
}

async function applyAction(claude: ClaudeHome, action: Action, late: string, now: Date): Promise<void> {
  const folder = path.dirname(action.target)
  const staged = action.kind === 'write' ? await plainSize(action.staged) : undefined
  // Already in its place: a crash came between the rename and the end.
  if (action.kind === 'write' && staged === undefined) return
  await checkFolder(claude.config, folder, true)
  const current = await regularFile(action.target)
  if (current && !(await keepLateChange(action, current, late))) return
  if (action.kind === 'write') {
    const time = isCheckpoint(claude, action.target) ? longAgo : now
    utimesSync(action.staged, time, time)
    renameSync(action.staged, action.target)
  } else if (current) unlinkSync(action.target)
}

/**
 * A file that changed or appeared between the backup and now, as can be after a crash: its newer bytes are kept beside
 * the backup, so that nothing is lost. `false`: it is not the file that was to be removed, and stays.
 */
async function keepLateChange(
  { kind, replaces, target }: Action,
  current: { readonly size: number; readonly mtimeMs: number },
  late: string,
): Promise<boolean> {
  if (replaces?.size === current.size && replaces.mtimeMs === current.mtimeMs) return true
  if (kind === 'remove') return false
  await mkdir(path.dirname(late), { recursive: true, mode: 0o700 })
  await copyFile(target, late, constants.COPYFILE_FICLONE)
  return true
}

async function markUndone(journalDir: string, id: string): Promise<void> {
  const journal = await readJournal(journalDir, id)
  if (journal) await writeJournal(journalDir, { ...journal, state: 'undone' })
}

export async function removeStaging(claude: ClaudeHome, staging: string): Promise<void> {
  await rm(staging, { recursive: true, force: true })
  try {
    await rmdir(stagingTop(claude))
  } catch (error) {
    // Another installation may be under way there.
    if (!isMissing(error) && !['ENOTEMPTY', 'EEXIST', 'EPERM', 'EBUSY'].includes(errnoOf(error) ?? ''))
      throw error
  }
}

/**
 * `/rewind` takes a backup that is as large as the file and not older for the file itself, and leaves it alone (seen with
 * 2.1.329). Clean-up goes by the time of the folder, so that an old file in it is safe.
 */
const longAgo = new Date('2000-01-01T00:00:00Z')

function isCheckpoint(claude: ClaudeHome, target: string): boolean {
  return path.relative(claude.config, target).split(path.sep)[0] === 'file-history'
}

/** On the file system of the targets, so that renames are atomic. */
export const stagingTop = (claude: ClaudeHome) => path.join(claude.config, '.git-teleport')
