/** Puts a pulled session in its place: staged beside it, then moved in by a journal, all or nothing. */

import path from 'node:path'
import type { SessionId, Sha256 } from '../model.ts'
import { checkFolder, extendFile, regularFile, type Written, writeNew } from './durable-file.ts'
import type { ClaudeHome } from './home.ts'
import { type OnStep, removeStaging } from './install-apply.ts'
import { commitPlan, type InstallReport, type StagedFile } from './install-commit.ts'
import { makeStaging } from './install-staging.ts'

export { stagingTop } from './install-apply.ts'
export type { InstallReport, StagedFile } from './install-commit.ts'
export { clearAbandoned, recoverInstalls } from './install-recover.ts'
export { type InstallSummary, listInstalls, type UndoReport, undoInstall } from './install-undo.ts'

export interface StageOptions {
  /** Begin with the first bytes of an existing file, shared with it where the file system can. */
  readonly keepFrom?: { readonly path: string; readonly size: number }
  /** Write nothing where a file is already. */
  readonly ifAbsent?: boolean
}

export interface Installation {
  readonly id: string
  /**
   * Plans that `target` becomes these bytes, and returns size and hash of the whole new file. Throws `foreign-file` when a
   * folder or link is in the way or `target` is outside of the configuration folder; `disk-full`, `failed`.
   */
  stage(
    target: string,
    content: AsyncIterable<Uint8Array>,
    options?: StageOptions,
  ): Promise<{ readonly size: number; readonly sha256: Sha256 }>
  /** Goes on with what was staged for `target`; a bare error when nothing was. */
  extend(
    target: string,
    content: AsyncIterable<Uint8Array>,
  ): Promise<{ readonly size: number; readonly sha256: Sha256 }>
  /** Where the staged bytes of `target` lie until `commit` or `abort`; a bare error when there are none. */
  stagedPath(target: string): string
  /** Plans that `target` goes; it is backed up. Nothing happens when it is not there. */
  remove(target: string): void
  /** Plans that the session's prompt-history rows which are missing here are appended. */
  appendHistory(rows: AsyncIterable<Uint8Array>): Promise<void>
  /** Backs up, writes the journal (the point of no return), moves everything in. Once only. */
  commit(): Promise<InstallReport>
  /** Forgets the plan; nothing was touched. */
  abort(): Promise<void>
}

export interface InstallOptions {
  readonly session: SessionId
  readonly now: Date
  /** For tests: told each step when it is done. */
  readonly onStep?: OnStep
}

/**
 * Begins an installation. `journalDir` holds journals and backups, at best on the file system of the configuration.
 * A crash before `commit` leaves only a staging folder, and one after it is finished by `recoverInstalls`.
 */
export async function beginInstall(
  claude: ClaudeHome,
  journalDir: string,
  options: InstallOptions,
): Promise<Installation> {
  const { id, staging } = await makeStaging(claude, journalDir, options.now)
  const onStep = options.onStep ?? (() => {})
  const staged = new Map<string, StagedFile>()
  const written = new Map<string, Written>()
  const stagedFile = (target: string) => {
    const file = staged.get(target)
    if (file) return file
    throw new Error(`nothing was staged for ${target}`)
  }
  const removals = new Set<string>()
  let history: { readonly file: string; readonly written: Written } | null = null
  let count = 0
  onStep('begun')
  return {
    id,
    async stage(target, content, stageOptions = {}) {
      await checkFolder(claude.config, path.dirname(target), false)
      await regularFile(target)
      const file = path.join(staging, String(count++))
      const digest = await writeNew(file, content, stageOptions.keepFrom)
      const { size, sha256 } = digest
      staged.set(target, { target, staged: file, size, sha256, ifAbsent: stageOptions.ifAbsent ?? false })
      written.set(target, digest)
      removals.delete(target)
      onStep(`staged-${staged.size}`)
      return { size, sha256 }
    },
    async extend(target, content) {
      const before = written.get(target)
      const file = stagedFile(target)
      if (!before) throw new Error(`nothing was staged for ${target}`)
      const digest = await extendFile(file.staged, before, content)
      const { size, sha256 } = digest
      staged.set(target, { ...file, size, sha256 })
      written.set(target, digest)
      return { size, sha256 }
    },
    stagedPath: (target) => stagedFile(target).staged,
    remove(target) {
      staged.delete(target)
      removals.add(target)
    },
    async appendHistory(rows) {
      await regularFile(path.join(claude.config, 'history.jsonl'))
      if (history) {
        history = { file: history.file, written: await extendFile(history.file, history.written, rows) }
        return
      }
      const file = path.join(staging, `history-${count++}`)
      history = { file, written: await writeNew(file, rows) }
    },
    commit: () =>
      commitPlan(claude, journalDir, {
        id,
        session: options.session,
        now: options.now,
        staging,
        staged: [...staged.values()],
        removals: [...removals],
        history: history?.file ?? null,
        undoes: null,
        onStep,
      }),
    abort: () => removeStaging(claude, staging),
  }
}
