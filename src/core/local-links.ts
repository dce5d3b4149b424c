/** The links that were made on this machine, kept until the manifest of their session holds them on each remote. */

import { type KeptLink, parseLinkFile, parseRewrites } from '../bundle/link-record.ts'
import { hasCode } from '../errors.ts'
import {
  listLinkFiles,
  readLinkFile,
  readRewriteLines,
  withLinkLock,
  writeLinkFile,
  writeRewriteLines,
} from '../git-store/link-files.ts'
import type { CommitLink, Oid, SessionId } from '../model.ts'
import type { Workspace } from './workspace.ts'

export interface LocalLink {
  readonly session: SessionId
  readonly link: CommitLink
}

/** As many as a manifest holds: older ones that were sent are not needed for another remote either. */
const mostSent = 1000
const mostRewrites = 20_000

/** Recorded on this machine, and not yet in a manifest on the remote of `ws`; oldest first within a session. */
export async function readLocalLinks(ws: Workspace): Promise<readonly LocalLink[]> {
  const found: LocalLink[] = []
  for (const session of await listLinkFiles(ws.store)) found.push(...(await localLinksOf(ws, session)))
  return found
}

/** Those of one session. */
export async function localLinksOf(ws: Workspace, session: SessionId): Promise<readonly LocalLink[]> {
  const kept = await readKept(ws, session)
  return kept.filter(({ sent }) => !sent.includes(ws.remote.key)).map(({ link }) => ({ session, link }))
}

/** Every link of this machine, sent or not. */
export async function allLocalLinks(ws: Workspace): Promise<readonly LocalLink[]> {
  const found: LocalLink[] = []
  for (const session of await listLinkFiles(ws.store)) {
    for (const { link } of await readKept(ws, session)) found.push({ session, link })
  }
  return found
}

export async function addLocalLink(ws: Workspace, session: SessionId, link: CommitLink): Promise<void> {
  await addLocalLinks(ws, [{ session, link }])
}

/** A link that is known already, by its commit and message, is not added again. */
export async function addLocalLinks(ws: Workspace, links: readonly LocalLink[]): Promise<void> {
  if (links.length === 0) return
  await withLinkLock(ws.store, async () => {
    for (const session of new Set(links.map((each) => each.session))) {
      const kept = [...(await readKept(ws, session))]
      for (const { link } of links.filter((each) => each.session === session)) {
        if (!kept.some((known) => isSameLink(known.link, link))) kept.push({ link, sent: [] })
      }
      await writeKept(ws, session, kept)
    }
  })
}

/** The remote of `ws` needs no link of `session` to these commits any more: its manifest holds it, or shall not. */
export async function dropLocalLinks(
  ws: Workspace,
  session: SessionId,
  commits: readonly Oid[],
): Promise<void> {
  if (commits.length === 0) return
  const dropped = new Set(commits)
  await withLinkLock(ws.store, async () => {
    const kept = await readKept(ws, session)
    if (kept.length === 0) return
    const { key } = ws.remote
    await writeKept(
      ws,
      session,
      kept.map((each) =>
        dropped.has(each.link.commit) && !each.sent.includes(key)
          ? { ...each, sent: [...each.sent, key] }
          : each,
      ),
    )
  })
}

/** The manifest on the remote of `ws` holds no link of `session` to these commits any more, and shall again. */
export async function sendLinksAgain(
  ws: Workspace,
  session: SessionId,
  commits: readonly Oid[],
): Promise<void> {
  const wanted = new Set(commits)
  await withLinkLock(ws.store, async () => {
    const kept = await readKept(ws, session)
    if (!kept.some(({ link }) => wanted.has(link.commit))) return
    const others = (sent: KeptLink['sent']) => sent.filter((key) => key !== ws.remote.key)
    await writeKept(
      ws,
      session,
      kept.map((each) => (wanted.has(each.link.commit) ? { ...each, sent: others(each.sent) } : each)),
    )
  })
}

/** Old commit to what post-rewrite said became of it: one that an edited rebase split has several. */
export async function readRewrites(ws: Workspace): Promise<ReadonlyMap<Oid, readonly Oid[]>> {
  const rewrites = new Map<Oid, Oid[]>()
  for (const [before, after] of parseRewrites(await readRewriteLines(ws.store))) {
    const known = rewrites.get(before) ?? []
    if (!known.includes(after)) rewrites.set(before, [...known, after])
  }
  return rewrites
}

export async function addRewrites(ws: Workspace, pairs: readonly (readonly [Oid, Oid])[]): Promise<void> {
  if (pairs.length === 0) return
  await withLinkLock(ws.store, async () => {
    const all = [...parseRewrites(await readRewriteLines(ws.store)), ...pairs]
    const lines = new Set(all.map(([before, after]) => `${before} ${after}\n`))
    await writeRewriteLines(ws.store, [...lines].slice(-mostRewrites).join(''))
  })
}

/** Those that the manifest lacks: some may have been sent by a push that was cut off, or that stood at the commit. */
export function unrecordedLinks(
  local: readonly LocalLink[],
  sent: readonly CommitLink[],
): readonly CommitLink[] {
  const holds = (link: CommitLink) =>
    sent.some((known) => isSameLink(known, link) && (known.patchId !== null || link.patchId === null))
  return local.map(({ link }) => link).filter((link) => !holds(link))
}

export function isSameLink(a: CommitLink, b: CommitLink): boolean {
  return a.commit === b.commit && a.message === b.message
}

async function readKept(ws: Workspace, session: SessionId): Promise<readonly KeptLink[]> {
  try {
    const value = await readLinkFile(ws.store, session)
    return value === undefined ? [] : parseLinkFile(value)
  } catch (error) {
    if (!hasCode(error, 'store-damaged')) throw error
    ws.world.note(`the links of session ${session} that were not sent yet could not be read`)
    return []
  }
}

async function writeKept(ws: Workspace, session: SessionId, kept: readonly KeptLink[]): Promise<void> {
  const sent = kept.filter((each) => each.sent.length > 0)
  const tooOld = new Set(sent.slice(0, Math.max(0, sent.length - mostSent)))
  await writeLinkFile(ws.store, session, { format: 1, links: kept.filter((each) => !tooOld.has(each)) })
}
