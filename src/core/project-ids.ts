/** What this project is called in signatures. */

import { repoIds } from '../git-store/user-repo.ts'
import { effectivePolicy } from './effective-policy.ts'
import { teamPolicy } from './team.ts'
import type { Workspace } from './workspace.ts'

/**
 * Every id that a session of this project may be signed for. Empty when the clone cannot tell: a shallow one does not know
 * the roots that sessions from before the project had a name are signed for.
 */
export async function projectIds(ws: Workspace): Promise<readonly string[]> {
  const roots = await rootsOf(ws)
  const name = await nameOf(ws)
  return name === null || roots.length === 0 ? roots : [name, ...roots]
}

/**
 * The id to sign for: the name that a policy gives, else the smallest root commit; null when the clone cannot tell. Another
 * checkout that is reached directly need not have seen the policy, so for it the root goes first.
 */
export async function projectToSign(ws: Workspace): Promise<string | null> {
  const [root] = ws.remote.direct ? await rootsOf(ws) : []
  return root ?? (await nameOf(ws)) ?? (await rootsOf(ws))[0] ?? null
}

async function nameOf(ws: Workspace): Promise<string | null> {
  return (await effectivePolicy(ws, await teamPolicy(ws, 'pinned'))).repository.value
}

function rootsOf(ws: Workspace): Promise<readonly string[]> {
  return repoIds(ws.repo, ws.store.path('project-ids.json'))
}
