/** Puts back what an installation replaced, removed and created. */

import path from 'node:path'
import { TeleportError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import { digestOf, regularFile, writeNew } from './durable-file.ts'
import type { ClaudeHome } from './home.ts'
import { type OnStep, removeStaging } from './install-apply.ts'
import { commitPlan, type StagedFile } from './install-commit.ts'
import { type Action, type Journal, listJournals } from './install-journal.ts'
import { makeStaging } from './install-staging.ts'
import { readRange } from './session-file.ts'

export interface UndoReport {
  /** The installation that was undone. */
  readonly id: string
  readonly restored: readonly string[]
  readonly deleted: readonly string[]
}

export interface UndoOptions {
  /** Undo also what changed since; it is backed up. */
  readonly force: boolean
  /** Which one; without it the newest. */
  readonly id?: string
  readonly now?: Date
  /** For tests: told each step when it is done. */
  readonly onStep?: OnStep
}

export interface InstallSummary {
  readonly id: string
  readonly session: SessionId
  /** UTC. */
  readonly created: string
  readonly undone: boolean
  readonly written: readonly string[]
  readonly removed: readonly string[]
}

/** Installations whose backups are still kept, newest first; undoing is none. */
export async function listInstalls(journalDir: string): Promise<readonly InstallSummary[]> {
  const journals = await listJournals(journalDir)
  return journals
    .filter((journal) => journal.undoes === null && journal.state !== 'committed')
    .toReversed()
    .map(({ id, session, created, state, actions }) => ({
      id,
      session,
      created,
      undone: state === 'undone',
      written: actions.filter(({ kind }) => kind === 'write').map(({ target }) => target),
      removed: actions.filter(({ kind }) => kind === 'remove').map(({ target }) => target),
    }))
}

/**
 * Undoes the newest installation, or the one named, by a journal of its own: all or nothing too, and what `force`
 * overwrites is backed up. Appended prompt-history rows stay: clients may have read them. Throws `nothing-to-undo`, and
 * `undo-changed` when a file has not the bytes that were written any more.
 */
export async function undoInstall(
  claude: ClaudeHome,
  journalDir: string,
  options: UndoOptions,
): Promise<UndoReport> {
  const journal = await findJournal(journalDir, options.id)
  const changed = options.force ? [] : await changedTargets(journal)
  if (changed.length > 0) {
    throw new TeleportError('undo-changed', `${changed[0]} changed since the pull`, {
      hint: 'git teleport undo --force',
      data: { paths: changed },
    })
  }
  const now = options.now ?? new Date()
  const { id, staging } = await makeStaging(claude, journalDir, now)
  try {
    const restore = await stageBackups(journal, staging)
    const created = journal.actions.filter((action) => !action.replaces).map((action) => action.target)
    const { written, removed } = await commitPlan(claude, journalDir, {
      id,
      session: journal.session,
      now,
      staging,
      staged: restore,
      removals: created,
      history: null,
      undoes: journal.id,
      onStep: options.onStep ?? (() => {}),
    })
    return { id: journal.id, restored: written, deleted: removed }
  } catch (error) {
    // Past the journal the staging folder is still needed, to roll forward.
    const journals = await listJournals(journalDir)
    if (!journals.some((each) => each.id === id)) await removeStaging(claude, staging)
    throw error
  }
}

async function findJournal(journalDir: string, id: string | undefined): Promise<Journal> {
  const undoable = (await listJournals(journalDir)).filter(
    (journal) => journal.state === 'done' && journal.undoes === null,
  )
  const journal = id === undefined ? undoable.at(-1) : undoable.find((each) => each.id === id)
  if (journal) return journal
  throw new TeleportError('nothing-to-undo', id ? `no pull ${id} is left to undo` : 'no pull is left to undo')
}

async function changedTargets(journal: Journal): Promise<readonly string[]> {
  const changed: string[] = []
  for (const action of journal.actions) if (await hasChanged(action)) changed.push(action.target)
  return changed
}

async function hasChanged(action: Action): Promise<boolean> {
  const current = await regularFile(action.target)
  if (action.kind === 'remove') return current !== undefined
  if (current?.size !== action.size) return true
  return (await digestOf(action.target))?.sha256 !== action.sha256
}

async function stageBackups(journal: Journal, staging: string): Promise<readonly StagedFile[]> {
  const files: StagedFile[] = []
  for (const { replaces, target } of journal.actions) {
    if (!replaces) continue
    const staged = path.join(staging, String(files.length))
    const size = (await regularFile(replaces.backup))?.size
    if (size === undefined) {
      throw new TeleportError('nothing-to-undo', `the backup of ${target} is gone`, {
        data: { path: replaces.backup },
      })
    }
    const digest = await writeNew(staged, readRange(replaces.backup, 0, size))
    files.push({ target, staged, ...digest, ifAbsent: false })
  }
  return files
}
