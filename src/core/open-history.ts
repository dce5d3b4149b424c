/** Where the history of the project is read: the user's clone, and beside it what was fetched of rewritten commits. */

import { borrowedObjects, hasBorrowed } from '../git-store/borrowed-repo.ts'
import type { GitContext } from '../git-store/git.ts'
import { historyContext } from '../git-store/history.ts'
import type { Workspace } from './workspace.ts'

export async function openHistory(ws: Workspace): Promise<GitContext> {
  return historyContext(ws.repo, (await hasBorrowed(ws.store)) ? [borrowedObjects(ws.store)] : [])
}
