/** Which session of the remote is meant when none was named. */

import { TeleportError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import { ambiguous } from './choose-session.ts'
import { type ListedSession, listIn } from './list.ts'
import { askForListed } from './session-choice.ts'
import type { Workspace } from './workspace.ts'

export interface RemoteChoice {
  /** By what was fetched last. */
  readonly offline?: boolean | undefined
}

/** The only one that the remote lists; a person chooses among several. Throws `no-remote-session`, `ambiguous-session`. */
export async function chooseRemoteSession(ws: Workspace, options: RemoteChoice = {}): Promise<SessionId> {
  return chooseOfRemote(ws, await listIn(ws, options))
}

/** The same of what was listed already. */
export async function chooseOfRemote(ws: Workspace, listed: readonly ListedSession[]): Promise<SessionId> {
  const [first, second] = listed
  if (!first) {
    throw new TeleportError('no-remote-session', `no sessions on ${ws.remote.name} (${ws.remote.url})`, {
      hint: 'git teleport push',
    })
  }
  if (!second) return first.session
  return chooseListed(ws, listed, `${listed.length} sessions are on ${ws.remote.name}`)
}

/** A person chooses. Throws `ambiguous-session`, saying `why`, when nobody is there. */
export async function chooseListed(
  ws: Workspace,
  listed: readonly ListedSession[],
  why: string,
): Promise<SessionId> {
  const chosen = await askForListed(ws, 'Which session?', listed)
  if (chosen) return chosen
  throw ambiguous(
    why,
    listed.map(({ session }) => session),
  )
}
