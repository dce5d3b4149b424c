/** The copy of a session that this machine has, and the copies that it should not have. */

import { type Collected, collectSession } from '../claude/collect.ts'
import { compareFiles } from '../claude/compare.ts'
import type { Installation } from '../claude/install.ts'
import { findSession, type SessionFile } from '../claude/locate.ts'
import { isInside } from '../claude/platform-path.ts'
import { hasCode, TeleportError } from '../errors.ts'
import type { SessionId, SessionState } from '../model.ts'
import type { Workspace } from './workspace.ts'

export interface LocalSide {
  readonly file: SessionFile
  readonly collected: Collected
  /** Where the record of the last sync says. */
  readonly recorded: boolean
  /** Started in this work tree or brought to it; false for a copy that belongs to another checkout. */
  readonly belongsHere: boolean
  /** Further copies: `claude --resume` finds none of them while there are several. */
  readonly copies: readonly SessionFile[]
}

/** Null when there is no copy, or only one without any conversation in it. */
export async function findLocalSide(
  ws: Workspace,
  session: SessionId,
  state: SessionState | null,
): Promise<LocalSide | null> {
  const copies = await findSession(ws.claude, session)
  const recorded = state?.files['session.jsonl']?.localPath
  const file = copies.find((copy) => copy.path === recorded) ?? copies[0]
  if (!file) return null
  try {
    const collected = await collectSession(ws.claude, file, {
      top: ws.repo.top,
      previousScan: state?.scan ?? null,
    })
    return {
      file,
      collected,
      ...standingOf(ws, file, collected, state),
      copies: copies.filter((copy) => copy !== file),
    }
  } catch (error) {
    if (hasCode(error, 'empty-session')) return null
    throw error
  }
}

export function standingOf(
  ws: Workspace,
  file: SessionFile,
  collected: Collected,
  state: SessionState | null,
): Pick<LocalSide, 'recorded' | 'belongsHere'> {
  const recorded = state?.files['session.jsonl']?.localPath === file.path
  const startedHere = isInside(collected.scan.cwd ?? '', ws.repo.top, ws.claude.platform)
  return { recorded, belongsHere: startedHere || (recorded && state?.origin.root === ws.repo.top) }
}

/**
 * Plans the removal of further copies, into the backup. A copy that holds something the kept one has not stops the
 * command with `foreign-file`, unless forced.
 */
export async function removeCopies(local: LocalSide, install: Installation, force: boolean): Promise<void> {
  for (const copy of local.copies) {
    const kept = local.collected.files.find((file) => file.name === 'session.jsonl')
    const relation = kept ? await compareFiles(copy.path, kept) : 'different'
    const hasMore = relation === 'different' || relation === 'second-is-prefix'
    if (hasMore && !force) {
      throw new TeleportError(
        'foreign-file',
        `session ${copy.session} lies in two project folders with different content`,
        {
          hint: `git teleport pull --force ${copy.session}   (moves ${copy.path} to the backup)`,
          data: { copies: [local.file.path, copy.path] },
        },
      )
    }
    install.remove(copy.path)
  }
}
