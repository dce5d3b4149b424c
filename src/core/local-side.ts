/** The copy of a session that this machine has, and the copies that it should not have. */

import { type Collected, collectSession } from '../claude/collect.ts'
import { compareFiles } from '../claude/compare.ts'
import type { Installation } from '../claude/install.ts'
import { findSession, type SessionFile } from '../claude/locate.ts'
import { isInside } from '../claude/platform-path.ts'
import { projectDirName } from '../claude/project-dir.ts'
import { hasCode, TeleportError } from '../errors.ts'
import type { SessionId, SessionState } from '../model.ts'
import type { Copy } from './place.ts'
import type { Workspace } from './workspace.ts'

export interface LocalSide extends Copy {
  readonly collected: Collected
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
  const ours = projectDirName(ws.repo.top)
  const file =
    copies.find((copy) => copy.path === recorded) ??
    copies.find((copy) => copy.projectDir === ours) ??
    copies[0]
  if (!file) return null
  try {
    const collected = await collectSession(ws.claude, file, {
      top: ws.repo.top,
      previousScan: state?.scan ?? null,
    })
    return {
      ...describeCopy(ws, collected, state),
      collected,
      copies: copies.filter((copy) => copy !== file),
    }
  } catch (error) {
    if (hasCode(error, 'empty-session')) return null
    throw error
  }
}

export function describeCopy(ws: Workspace, collected: Collected, state: SessionState | null): Copy {
  const { file } = collected
  const { cwd } = collected.scan
  const recorded = state?.files['session.jsonl']?.localPath === file.path
  const startedHere = isInside(cwd ?? '', ws.repo.top, ws.claude.platform)
  return { file, cwd, recorded, belongsHere: startedHere || (recorded && state?.origin.root === ws.repo.top) }
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
