/** `undo`: puts back what the last pull on this machine replaced, and takes away what it added. */

import { listInstalls, undoInstall } from '../claude/install.ts'
import { liveClients } from '../claude/live.ts'
import { TeleportError } from '../errors.ts'
import { forgetRecord } from './records.ts'
import { installFolder, withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface UndoOptions {
  readonly remote?: string | undefined
  /** Also when the files changed since. */
  readonly force?: boolean
}

export interface UndoResult {
  readonly session: string
  readonly restored: readonly string[]
  readonly deleted: readonly string[]
}

/** Throws `nothing-to-undo`, `undo-changed` or `session-live`. Rows added to the prompt history stay. */
export async function undoPull(world: World, options: UndoOptions): Promise<UndoResult> {
  return withLockedWorkspace(world, options, async (ws) => {
    const last = (await listInstalls(installFolder(ws))).find((each) => !each.undone)
    if (!last) {
      throw new TeleportError('nothing-to-undo', 'no pull in this repository is left to undo', {
        hint: 'git teleport status',
      })
    }
    const open = (await liveClients(ws.claude)).find((client) => client.session === last.session)
    if (open) {
      throw new TeleportError(
        'session-live',
        `session ${last.session} is open in a running client (process ${open.pid})`,
        {
          hint: 'close it there, then run: git teleport undo',
        },
      )
    }
    const report = await undoInstall(ws.claude, installFolder(ws), {
      force: options.force ?? false,
      id: last.id,
    })
    await forgetRecord(ws, last.session)
    return { session: last.session, restored: report.restored, deleted: report.deleted }
  })
}
