/** The error for a session that went on in two places: what each side has, and the ways out. Pure. */

import { TeleportError } from '../errors.ts'
import { lastOrigin } from './place.ts'
import type { OpenTip } from './tip.ts'
import type { Workspace } from './workspace.ts'

/** @param messagesHere messages of the copy on this machine */
export function divergedError(ws: Workspace, tip: OpenTip, messagesHere: number): TeleportError {
  const id = tip.session
  const host = lastOrigin(tip.manifest)?.host ?? 'another machine'
  const when = new Date(tip.seconds * 1000).toISOString().slice(0, 16)
  return new TeleportError(
    'diverged',
    `session ${id} went on in two places: here (${messagesHere} messages) and on ${host} (push ${tip.trailers.seq}, ${when}Z)`,
    {
      hint: [
        'choose one, nothing is lost either way:',
        `git teleport pull --fork ${id}    the remote one becomes a new session here`,
        `git teleport push --fork ${id}    the one here becomes a new session`,
        `git teleport pull --force ${id}   take the remote one; the one here goes to the backup`,
        `git teleport push --force ${id}   replace the remote one; its commit is kept in the store`,
      ].join('\n  '),
      data: { session: id, remote: { commit: tip.commit, seq: tip.trailers.seq, host }, url: ws.remote.url },
    },
  )
}
