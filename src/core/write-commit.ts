/** Signs and stores a teleport commit. */

import { formatCommitMessage } from '../bundle/trailers.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { formatCommit, type Person, withSignature } from '../git-store/commit.ts'
import { userIdentity } from '../git-store/user-repo.ts'
import type { Oid, Trailers } from '../model.ts'
import type { Workspace } from './workspace.ts'

export interface CommitDraft {
  readonly tree: Oid
  readonly parent: Oid | null
  readonly subject: string
  readonly trailers: Trailers
}

export interface WrittenCommit {
  readonly commit: Oid
  /** The signed text. */
  readonly payload: Uint8Array
}

/** Author and committer are the user's git identity and the real time, whatever a hook's environment says. */
export async function writeCommit(
  ws: Workspace,
  device: DeviceKey,
  author: Person,
  draft: CommitDraft,
): Promise<WrittenCommit> {
  const payload = formatCommit({
    tree: draft.tree,
    parent: draft.parent,
    author,
    committer: author,
    message: formatCommitMessage(draft.subject, draft.trailers),
  })
  const signature = await device.sign(payload)
  const raw = withSignature(payload, signature, ws.repo.objectFormat)
  return { commit: await ws.store.objects.writeCommit(raw), payload }
}

export async function author(ws: Workspace): Promise<Person> {
  const identity = await userIdentity(ws.repo)
  const fallback = `${ws.world.env['USER'] || ws.world.env['USERNAME'] || 'user'}@${ws.world.hostname}`
  return {
    name: identity?.name ?? fallback,
    email: identity?.email ?? fallback,
    seconds: Math.floor(ws.world.now().getTime() / 1000),
    zone: '+0000',
  }
}
