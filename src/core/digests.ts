/** What sessions are found and chosen by, remembered in the store for this machine's owner only. */

import { readChunks } from '../claude/compare.ts'
import type { SessionFile } from '../claude/locate.ts'
import { scanTranscript } from '../claude/scan.ts'
import { sizeInLines } from '../claude/session-file.ts'
import { listFolder, readCachedJson, removeJson, writeJson } from '../git-store/json-file.ts'
import type { Oid, SessionId } from '../model.ts'
import { type Digest, digestConversation, parseDigest } from '../review/digest.ts'
import { splitLines } from '../review/lines.ts'
import { withFetched } from './conversation.ts'
import type { Workspace } from './workspace.ts'

/** Of a session on this machine, without its words: those are here to be read. */
export interface LocalDigest extends Digest {
  readonly title: string | null
  readonly branch: string | null
}

const folder = ['cache', 'reading'] as const

/** Of what a commit in the store holds: decrypted once. Throws as reading a tip does. */
export async function fetchedDigest(ws: Workspace, session: SessionId, commit: Oid): Promise<Digest> {
  const known = await knownDigest(ws, commit)
  if (known) return known
  const digest = await withFetched(ws, session, commit, new Set(), ({ lines, roots }) =>
    digestConversation(lines(), roots),
  )
  await writeJson(ws.store.path(...folder, `${commit}.json`), { format: 1, digest })
  return digest
}

/** Null when the session was not read before. */
export async function knownDigest(ws: Workspace, commit: Oid): Promise<Digest | null> {
  return digestIn(await readCachedJson(ws.store.path(...folder, `${commit}.json`)))
}

/** With all words, read now. */
export async function localDigest(ws: Workspace, file: SessionFile): Promise<LocalDigest> {
  const size = await sizeInLines(file.path, file.sizeBytes)
  const [digest, { title, branch }] = [
    await digestConversation(splitLines(readChunks(file.path)), [ws.repo.top]),
    await scanTranscript(file.path, size, null),
  ]
  if (await knownLocalDigest(ws, file)) return { ...digest, title, branch }
  const { sizeBytes, mtimeMs } = file
  const kept = { ...digest, texts: [] }
  await writeJson(localFile(ws, file), { format: 1, sizeBytes, mtimeMs, title, branch, digest: kept })
  return { ...digest, title, branch }
}

/** Without words; null when the session went on since it was read, or never was. */
export async function knownLocalDigest(ws: Workspace, file: SessionFile): Promise<LocalDigest | null> {
  const value = await readCachedJson(localFile(ws, file))
  const digest = digestIn(value)
  if (!digest || typeof value !== 'object' || value === null) return null
  const { sizeBytes, mtimeMs, title, branch } = value as Partial<Record<string, unknown>>
  if (sizeBytes !== file.sizeBytes || mtimeMs !== file.mtimeMs) return null
  return { ...digest, title: textOrNull(title), branch: textOrNull(branch) }
}

/** Takes away what was remembered of commits that the store knows no more, and of sessions that left this machine. */
export async function forgetDigests(
  ws: Workspace,
  tips: ReadonlySet<string>,
  here: ReadonlySet<string>,
): Promise<void> {
  for (const name of await listFolder(ws.store.path(...folder))) {
    const [, commit] = /^([0-9a-f]{40,64})\.json$/.exec(name) ?? []
    const [, session] = /^here-([0-9a-f-]{36})-.*\.json$/.exec(name) ?? []
    const isGone = commit === undefined ? session !== undefined && !here.has(session) : !tips.has(commit)
    if (isGone) await removeJson(ws.store.path(...folder, name))
  }
}

function localFile(ws: Workspace, { session, projectDir }: SessionFile): string {
  // A session may lie in several project folders.
  return ws.store.path(
    ...folder,
    `here-${session}-${Buffer.from(projectDir).toString('base64url').slice(-24)}.json`,
  )
}

function digestIn(value: unknown): Digest | null {
  if (typeof value !== 'object' || value === null || !('digest' in value)) return null
  return parseDigest(value.digest) ?? null
}

function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
