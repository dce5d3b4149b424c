/** Turns a plan into a journal and carries it out. */

import { mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileError } from '../errors.ts'
import type { SessionId, Sha256 } from '../model.ts'
import { checkFolder, linkOrCopy, regularFile, syncFiles, syncFolder } from './durable-file.ts'
import type { ClaudeHome } from './home.ts'
import { applyJournal, type OnStep, removeStaging } from './install-apply.ts'
import {
  type Action,
  backupFolder,
  type Journal,
  journalPath,
  listJournals,
  type Replaced,
  writeJournal,
} from './install-journal.ts'

export interface InstallReport {
  readonly id: string
  /** Absolute targets. `written` holds `replaced`. */
  readonly written: readonly string[]
  readonly replaced: readonly string[]
  readonly removed: readonly string[]
  readonly historyRows: number
  /** Folder with what was replaced and removed. */
  readonly backup: string | null
}

export interface Plan {
  readonly id: string
  readonly session: SessionId
  readonly now: Date
  readonly staging: string
  readonly staged: readonly StagedFile[]
  readonly removals: readonly string[]
  readonly history: string | null
  readonly undoes: string | null
  readonly onStep: OnStep
}

export interface StagedFile {
  readonly target: string
  /** Temporary file. */
  readonly staged: string
  readonly size: number
  readonly sha256: Sha256
  /** Give way to a file that is there at commit. */
  readonly ifAbsent: boolean
}

/** Throws `foreign-file`, `disk-full` or `failed`; before the journal is written nothing of the session has changed. */
export async function commitPlan(claude: ClaudeHome, journalDir: string, plan: Plan): Promise<InstallReport> {
  const backups = backupFolder(journalDir, plan.id)
  let journal: Journal
  try {
    await syncFiles([
      ...plan.staged.map(({ staged }) => staged),
      ...(plan.history === null ? [] : [plan.history]),
    ])
    await syncFolder(plan.staging)
    const actions = await planActions(claude, backups, plan)
    plan.onStep('backed-up')
    journal = {
      format: 1,
      id: plan.id,
      session: plan.session,
      created: plan.now.toISOString(),
      state: 'committed',
      undoes: plan.undoes,
      staging: plan.staging,
      backups,
      actions,
      history: plan.history,
    }
    await writeJournal(journalDir, journal)
  } catch (error) {
    await rm(backups, { recursive: true, force: true })
    await removeStaging(claude, plan.staging)
    throw fileError(error, `preparing session ${plan.session}`)
  }
  plan.onStep('journal')
  const historyRows = await applyJournal(claude, journalDir, journal, plan.onStep)
  await pruneInstalls(journalDir, plan.now)
  return reportOf(journal, historyRows)
}

/** Side files first, so that a transcript never stands without what it names; removals after writes. */
async function planActions(claude: ClaudeHome, backups: string, plan: Plan): Promise<readonly Action[]> {
  const actions: Action[] = []
  for (const file of plan.staged) {
    await checkFolder(claude.config, path.dirname(file.target), false)
    const current = await regularFile(file.target)
    if (current && file.ifAbsent) continue
    const replaces = current ? await backUp(file.target, current, backups, actions.length) : null
    const { target, staged, size, sha256 } = file
    actions.push({ kind: 'write', target, staged, size, sha256, replaces })
  }
  for (const target of plan.removals) {
    await checkFolder(claude.config, path.dirname(target), false)
    const current = await regularFile(target)
    if (!current) continue
    const replaces = await backUp(target, current, backups, actions.length)
    actions.push({ kind: 'remove', target, replaces })
  }
  if (actions.some((action) => action.replaces)) await syncFolder(backups)
  const rank = (action: Action) =>
    (isTranscript(claude, action.target) ? 2 : 0) + (action.kind === 'remove' ? 1 : 0)
  return actions.toSorted((a, b) => rank(a) - rank(b))
}

const isTranscript = (claude: ClaudeHome, target: string) =>
  target.endsWith('.jsonl') && path.dirname(path.dirname(target)) === path.join(claude.config, 'projects')

async function backUp(
  target: string,
  current: { readonly size: number; readonly mtimeMs: number },
  backups: string,
  index: number,
): Promise<Replaced> {
  await mkdir(backups, { recursive: true, mode: 0o700 })
  const backup = path.join(backups, String(index))
  await linkOrCopy(target, backup)
  return { backup, size: current.size, mtimeMs: current.mtimeMs }
}

function reportOf(journal: Journal, historyRows: number): InstallReport {
  const writes = journal.actions.filter((action) => action.kind === 'write')
  const removed = journal.actions.filter((action) => action.kind === 'remove')
  const replaced = writes.filter((action) => action.replaces)
  return {
    id: journal.id,
    written: writes.map((action) => action.target),
    replaced: replaced.map((action) => action.target),
    removed: removed.map((action) => action.target),
    historyRows,
    backup: replaced.length + removed.length > 0 ? journal.backups : null,
  }
}

const mostKept = 20
const longestKeptMs = 30 * 24 * 60 * 60 * 1000

/** Old installations can no longer be undone; unfinished ones are never touched. */
async function pruneInstalls(journalDir: string, now: Date): Promise<void> {
  const finished = (await listJournals(journalDir)).filter((journal) => journal.state !== 'committed')
  const old = finished
    .toReversed()
    .filter(({ created }, index) => index >= mostKept || now.getTime() - Date.parse(created) > longestKeptMs)
  for (const { id } of old) {
    await rm(backupFolder(journalDir, id), { recursive: true, force: true })
    await rm(journalPath(journalDir, id), { force: true })
  }
}
