/** Builds one push: writes its objects to the store and says which ref update sends them and which state then holds. */

import { createHash } from 'node:crypto'
import { encodeManifest } from '../bundle/manifest.ts'
import type { Delta } from '../bundle/plan.ts'
import type { Scan } from '../claude/scan.ts'
import { recipientsDigest } from '../crypto/audience.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { sealBytes } from '../crypto/envelope.ts'
import type { Person } from '../git-store/commit.ts'
import { patchIds } from '../git-store/patch-ids.ts'
import { listQueue } from '../git-store/queue-files.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { RefUpdate } from '../git-store/remote-refs.ts'
import type { Spool } from '../git-store/spool.ts'
import {
  asSha256,
  type CommitLink,
  type Holder,
  type IndexEntry,
  type Manifest,
  type Oid,
  type Origin,
  type SessionId,
  type SessionState,
} from '../model.ts'
import type { Audience } from './audience.ts'
import { autoMode } from './automation.ts'
import { isSameLink } from './local-links.ts'
import { projectToSign } from './project-ids.ts'
import { type Base, continuedState, expectedTip, lastManifest, predecessor } from './push-base.ts'
import { prepareEnvelope } from './push-envelope.ts'
import { extendLog, type Log } from './push-log.ts'
import type { Words } from './push-redaction.ts'
import { makersOf } from './rewritten-links.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'
import { writeCommit } from './write-commit.ts'
import { partName, writeExact } from './write-segment.ts'

export interface DraftInput {
  readonly session: SessionId
  readonly base: Base
  readonly origin: Origin
  readonly scan: Scan
  /** Title and branches as others may read them. */
  readonly words: Words
  readonly delta: Delta
  readonly audience: Audience
  /** The content was redacted. A log that goes on is what it was. */
  readonly redacted: boolean
  /** What was taken out of the delta; null when nothing was. */
  readonly removed: Spool | null
  /** Recipients of one's own devices. */
  readonly own: readonly string[]
  readonly holder: Holder | null
  readonly expires: string | null
  readonly expiresFixed: boolean
  readonly author: Person
  /** Made on this machine since the last push, oldest first. */
  readonly links: readonly CommitLink[]
  /** Commits that the session was untied from. */
  readonly detached: ReadonlySet<Oid>
}

export interface PushDraft {
  readonly update: RefUpdate
  readonly state: SessionState
  readonly entry: IndexEntry
  /** Bytes of ciphertext that the remote does not have yet. */
  readonly newBytes: number
}

const maxLinks = 1000
const newestLinks = 16
/** Small sessions are not worth a re-root: their dead bytes cost nobody anything. */
const rerootFloorBytes = 1024 * 1024

export async function draftPush(ws: Workspace, device: DeviceKey, input: DraftInput): Promise<PushDraft> {
  const { readers, policy } = input.audience
  const before = predecessor(input.base)
  const seq = (before?.seq ?? 0) + 1
  const envelope = await prepareEnvelope(ws, device, input.base, readers)
  const log = await extendLog(ws, device, envelope, { ...input, seq })
  const link = await linkToHead(ws, input)
  const extended = nextManifest(input, log, { seq, repo: await repoId(ws, input.base), link })
  const parent = keepsParent(input.base, extended) ? expectedTip(input.base) : null
  const manifest: Manifest = parent === null ? { ...extended, dead: 0 } : extended
  const sealed = await sealBytes(envelope.recipient, await encodeManifest(manifest))
  const { commit, payload } = await writeCommit(ws, device, input.author, {
    tree: await writeSessionTree(ws, envelope.keyAge, sealed, manifest, log),
    parent,
    subject: `teleport session ${input.session} ${seq}`,
    trailers: {
      format: 1,
      ref: sessionRef(input.session),
      session: input.session,
      repo: manifest.repo,
      commit: ws.repo.head,
      seq,
      previous: before?.commit ?? null,
      expires: input.expires,
      recipients: recipientsDigest(readers),
      policy,
    },
  })
  const entry = indexEntry(input, manifest, commit)
  return {
    update: { ref: sessionRef(input.session), expected: expectedTip(input.base), next: commit },
    entry,
    newBytes: (parent === null ? liveBytes(manifest) : log.newBytes) + sealed.length + envelope.newBytes,
    state: {
      format: 1,
      session: input.session,
      url: ws.remote.url,
      commit,
      seq,
      signedText: asSha256(createHash('sha256').update(payload).digest('hex')),
      recipient: envelope.recipient,
      audience: readers,
      redacted: manifest.redacted,
      origin: input.origin,
      // What others wrote stays sanitised here, however often it is carried on.
      tier: continuedState(input.base)?.tier ?? 'exact',
      expires: input.expires,
      expiresFixed: input.expiresFixed,
      manifest,
      entry,
      files: input.delta.files,
      deep: continuedState(input.base)?.deep ?? false,
      links: continuedState(input.base)?.links ?? {},
      scan: input.scan,
    },
  }
}

/**
 * A child commit sends only new blobs. A parentless one sends everything, and sheds the dead bytes of the chain:
 * worth it when they exceed half of the live ones, so that a cold pull stays cheap.
 */
function keepsParent(base: Base, manifest: Manifest): boolean {
  if (base.kind !== 'continue') return false
  return manifest.dead <= rerootFloorBytes || manifest.dead * 2 <= liveBytes(manifest)
}

function liveBytes(manifest: Manifest): number {
  return manifest.segments.reduce((sum, segment) => sum + segment.sizes[0], 0)
}

async function repoId(ws: Workspace, base: Base): Promise<string> {
  const signed = lastManifest(base)?.repo
  if (signed) return signed
  const project = await projectToSign(ws)
  if (project !== null) return project
  ws.world.note('this clone is shallow or has no commits, so the session is not tied to the project')
  return 'unknown'
}

/**
 * Where HEAD is, this session may only have been pushed: no link to a commit that another one is known to have made, or
 * that nobody's was, in a repository whose hooks would have told.
 */
async function linkToHead(ws: Workspace, input: DraftInput): Promise<CommitLink | null> {
  const { session, scan, base, links } = input
  const { head: commit, headTree: tree, branch } = ws.repo
  if (commit === null || tree === null) return null
  const makers = await makersOf(ws, commit)
  if (!makers.has(session) && (makers.size > 0 || (await hooksTell(ws)))) return null
  const known = [...(lastManifest(base)?.links ?? []), ...links].find((link) => link.commit === commit)
  const patchId = known ? known.patchId : ((await patchIds(ws.repo, [commit])).get(commit) ?? null)
  return { commit, tree, branch, patchId, message: scan.lastMessage, time: formatTime(ws.world.now()) }
}

async function hooksTell(ws: Workspace): Promise<boolean> {
  return (await listQueue(ws.store)) !== null && (await autoMode(ws)) !== 'off'
}

interface Position {
  readonly seq: number
  readonly repo: string
  readonly link: CommitLink | null
}

function nextManifest(input: DraftInput, log: Log, at: Position): Manifest {
  const { readers, to, unlisted } = input.audience
  const made = input.links.reduce(withLink, lastManifest(input.base)?.links ?? [])
  return {
    format: 1,
    session: input.session,
    repo: at.repo,
    seq: at.seq,
    redacted: input.redacted,
    client: input.scan.client,
    title: input.words.title,
    holder: input.holder,
    readers,
    ...(to.length > 0 ? { to } : {}),
    ...(unlisted.length > 0 ? { unlisted } : {}),
    ...(input.expiresFixed ? { expiresFixed: true } : {}),
    origins: log.origins,
    segments: log.segments,
    files: { count: input.delta.count, bytes: input.delta.totalBytes, fold: input.delta.fold },
    dead: log.deadBytes,
    links: (at.link ? withLink(made, at.link) : made)
      .filter(({ commit }) => !input.detached.has(commit))
      .map((link) => ({ ...link, branch: input.words.clean(link.branch) })),
  }
}

/**
 * A commit keeps the first link that was made to it, and the newest: a link for every push at the same commit would make
 * the manifest, which travels with each of them, thirty times as large.
 */
function withLink(links: readonly CommitLink[], link: CommitLink): readonly CommitLink[] {
  const same = links.findIndex((known) => isSameLink(known, link))
  // What a push knew of a commit before its hook was heard lacks the patch id.
  if (same >= 0) return link.patchId && !links[same]?.patchId ? links.with(same, link) : links
  const first = links.findIndex((known) => known.commit === link.commit)
  const kept = links.filter((known, at) => at === first || known.commit !== link.commit)
  return [...kept, link].slice(-maxLinks)
}

function indexEntry(input: DraftInput, manifest: Manifest, commit: Oid): IndexEntry {
  const commits = [...new Set(manifest.links.map((link) => link.commit).reverse())]
  return {
    format: 1,
    session: input.session,
    state: 'live',
    commit,
    seq: manifest.seq,
    title: manifest.title,
    author: input.origin.principal,
    host: input.origin.host,
    branch: manifest.links.at(-1)?.branch ?? input.words.clean(input.scan.branch),
    messages: input.scan.messages,
    bytes: manifest.files.bytes,
    updated: formatTime(new Date(input.author.seconds * 1000)),
    expires: input.expires,
    holder: manifest.holder,
    commits: commits.slice(0, newestLinks),
  }
}

async function writeSessionTree(
  ws: Workspace,
  keyAge: Oid,
  manifestAge: Uint8Array,
  manifest: Manifest,
  log: Log,
): Promise<Oid> {
  const { objects } = ws.store
  const parts = manifest.segments.flatMap((segment) =>
    (log.blobs.get(segment.name) ?? []).map((oid, part) => ({
      mode: '100644' as const,
      name: partName(segment, part),
      oid,
    })),
  )
  const folder =
    log.exact.size === 0
      ? []
      : [{ mode: '040000' as const, name: 'exact', oid: await writeExact(ws, log.exact) }]
  return objects.writeTree([
    ...folder,
    { mode: '100644', name: 'key.age', oid: keyAge },
    { mode: '100644', name: 'manifest.age', oid: await objects.writeBlob(manifestAge) },
    { mode: '040000', name: 'segments', oid: await objects.writeTree(parts) },
  ])
}
