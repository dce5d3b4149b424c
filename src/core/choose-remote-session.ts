/** Which session to pull when none was named. */

import { TeleportError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import { ambiguous } from './choose-session.ts'
import { listIn } from './list.ts'
import type { Workspace } from './workspace.ts'

/** The only one that the remote lists; a person chooses among several. Throws `no-remote-session`, `ambiguous-session`. */
export async function chooseRemoteSession(ws: Workspace): Promise<SessionId> {
  const listed = await listIn(ws, {})
  const [first, second] = listed
  if (!first) {
    throw new TeleportError('no-remote-session', `no sessions on ${ws.remote.name} (${ws.remote.url})`, {
      hint: 'git teleport push',
    })
  }
  if (!second) return first.session
  const choices = listed.map(({ session, title, host }) => ({
    value: session,
    label: `${session.slice(0, 8)}  ${title ?? 'no title'} (${host})`,
  }))
  const chosen = await ws.world.choose('Which session?', choices)
  const found = listed.find(({ session }) => session === chosen)
  if (found) return found.session
  throw ambiguous(
    `${listed.length} sessions are on ${ws.remote.name}`,
    listed.map(({ session }) => session),
  )
}
