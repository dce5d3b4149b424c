/** Links that were taken away by hand: nothing of this machine brings them back, and the next push leaves them out. */

import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { withLinkLock } from '../git-store/link-files.ts'
import { isOid, isSessionId, type Oid, type SessionId } from '../model.ts'
import type { Workspace } from './workspace.ts'

type Detached = ReadonlyMap<SessionId, ReadonlySet<Oid>>

export async function readDetached(ws: Workspace): Promise<Detached> {
  return parseDetached(await readCachedJson(fileOf(ws)))
}

export async function addDetached(ws: Workspace, session: SessionId, commits: readonly Oid[]): Promise<void> {
  await change(ws, session, (known) => new Set([...known, ...commits]))
}

/** What is attached again is no longer detached. */
export async function dropDetached(
  ws: Workspace,
  session: SessionId,
  commits: readonly Oid[],
): Promise<void> {
  await change(ws, session, (known) => new Set([...known].filter((commit) => !commits.includes(commit))))
}

/** One command at a time: each reads what the one before it wrote. */
async function change(
  ws: Workspace,
  session: SessionId,
  next: (known: ReadonlySet<Oid>) => ReadonlySet<Oid>,
): Promise<void> {
  await withLinkLock(ws.store, async () => {
    const all = await readDetached(ws)
    const known = all.get(session) ?? new Set()
    const commits = next(known)
    if (commits.size !== known.size) await write(ws, all, session, commits)
  })
}

/** Beside the links that were made on this machine, and for every remote as they are. */
function fileOf(ws: Workspace): string {
  return ws.store.path('detached.json')
}

async function write(
  ws: Workspace,
  all: Detached,
  session: SessionId,
  commits: ReadonlySet<Oid>,
): Promise<void> {
  const next = new Map(all).set(session, commits)
  const rows = [...next].flatMap(([id, each]) => (each.size > 0 ? [[id, [...each]]] : []))
  await writeJson(fileOf(ws), { format: 1, detached: Object.fromEntries(rows) })
}

function parseDetached(value: unknown): Detached {
  if (typeof value !== 'object' || value === null || !('detached' in value)) return new Map()
  const { detached } = value
  if (typeof detached !== 'object' || detached === null) return new Map()
  return new Map(
    Object.entries(detached).flatMap(([session, commits]: [string, unknown]) =>
      isSessionId(session) && Array.isArray(commits)
        ? [[session, new Set(commits.filter((each): each is Oid => typeof each === 'string' && isOid(each)))]]
        : [],
    ),
  )
}
