/** Applies a session's log to this machine: every piece verified, relocated and staged; nothing installed yet. */

import type { Installation } from '../claude/install.ts'
import type { DropCounts } from './piece-tier.ts'
import type { Place } from './place.ts'
import type { TrustedTip } from './trusted-tip.ts'
import { type AppliedFile, type LogBase, walkLog } from './walk-log.ts'
import type { Workspace } from './workspace.ts'

export type { AppliedFile, LogBase } from './walk-log.ts'

export const emptyBase: LogBase = { seq: 0, files: {}, links: {} }

/**
 * Whether the record can be built upon: the log was not started anew since.
 * A log that was begins after what the record has seen.
 */
export function continues(tip: TrustedTip, base: LogBase): boolean {
  const [first] = tip.manifest.segments
  return base.seq === 0 || (first !== undefined && first.seq[0] <= base.seq)
}

/** Throws `damaged-bundle` or `unsafe-bundle`; then `install` must be aborted. Adds to `dropped` what it leaves out. */
export async function materialise(
  ws: Workspace,
  tip: TrustedTip,
  base: LogBase,
  place: Place,
  install: Installation,
  dropped: DropCounts = new Map(),
): Promise<ReadonlyMap<string, AppliedFile>> {
  const todo = tip.manifest.segments.filter((segment) => segment.seq[1] > base.seq)
  ws.world.progress.step(
    'decrypting',
    todo.reduce((sum, segment) => sum + segment.sizes[0], 0),
  )
  const walk = walkLog(ws, tip, base, place, install, dropped)
  for (const segment of todo) await walk.apply(segment)
  walk.finish()
  return walk.files
}
