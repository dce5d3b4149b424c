/** Mallory is a member with a key, a clone and no honesty: whatever she likes stands signed on the remote. */

import { spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { extendChain, foldChains, zeroChain } from '../../src/bundle/chain.ts'
import { parseManifest } from '../../src/bundle/manifest.ts'
import { encodePieces } from '../../src/bundle/pieces.ts'
import { formatCommitMessage } from '../../src/bundle/trailers.ts'
import { unpackSegment } from '../../src/bundle/unpack.ts'
import { recipientsDigest } from '../../src/crypto/audience.ts'
import type { DeviceKey } from '../../src/crypto/device-key.ts'
import { openBytes, openStream, sealBytes } from '../../src/crypto/envelope.ts'
import { newIdentity, openIdentity, sealIdentity } from '../../src/crypto/session-identity.ts'
import { formatCommit, withSignature } from '../../src/git-store/commit.ts'
import { sessionRef } from '../../src/git-store/refs.ts'
import {
  isOid,
  type Manifest,
  type Oid,
  type Origin,
  type PieceRow,
  parseSessionId,
  type SegmentRow,
  type SessionId,
  type Sha256,
  type Trailers,
} from '../../src/model.ts'
import { chunked, digest } from '../bundle/support.ts'
import { brotli, ignore, tarEnd, tarEntry } from '../bundle/tars.ts'

/** The remote that she writes to, and whose keys are whose. */
export interface Stage {
  readonly remote: string
  readonly env: Readonly<Record<string, string>>
  /** Root commit of the project. */
  readonly repo: string
  readonly mallory: DeviceKey
  readonly eve: DeviceKey
  /** Recipients of ada's and mallory's devices. */
  readonly readers: readonly string[]
  readonly policy: Oid
}

export interface File {
  readonly name: string
  readonly content: string | Uint8Array
  /** Of a checkpoint: the tracked file. */
  readonly path?: string
  readonly row?: Partial<PieceRow>
}

export interface TreeEntry {
  readonly mode: string
  readonly name: string
  readonly oid: string
}

/** What she does otherwise than the program would. */
export interface Plan {
  readonly session?: SessionId
  /** `mallory` unless told; null: unsigned. */
  readonly signer?: DeviceKey | null
  /** Rows of the conversation, instead of two honest ones. */
  readonly rows?: readonly (object | string)[]
  /** Further files, and another transcript if one is among them. */
  readonly files?: readonly File[]
  /** The table's bytes, and the tar stream after it. */
  readonly table?: (rows: readonly PieceRow[]) => Uint8Array
  readonly tar?: (table: Buffer, entries: readonly Buffer[]) => Buffer
  /** Compressed tar stream, with the digest and size to declare for what it holds. */
  readonly packed?: { readonly bytes: Uint8Array; readonly size: number; readonly sha256: Sha256 }
  readonly origin?: Partial<Origin>
  readonly manifest?: (manifest: Manifest) => object
  /** Before compression; instead of the manifest's JSON. */
  readonly manifestText?: (json: string) => string | Uint8Array
  readonly manifestAge?: Uint8Array
  readonly keyAge?: Uint8Array
  readonly segmentAge?: (sealed: Uint8Array) => Uint8Array
  readonly trailers?: Partial<Trailers>
  readonly message?: (text: string) => string
  readonly tree?: (root: readonly TreeEntry[]) => readonly TreeEntry[]
  readonly segments?: (entries: readonly TreeEntry[]) => readonly TreeEntry[]
  readonly parent?: Oid
  readonly seconds?: number
  /** The last word on the commit object. */
  readonly raw?: (text: string) => string
  /** Where it is put, if not at the session's ref. */
  readonly ref?: string
}

export interface Planted {
  readonly session: SessionId
  readonly commit: Oid
  readonly identity: string
}

export const person = { name: 'mallory', email: 'mallory@example.org', zone: '+0000' }

export const mallorysOrigin: Omit<Origin, 'device'> = {
  host: 'den',
  principal: 'ada@example.org',
  platform: 'posix',
  home: '/home/mallory',
  config: '/home/mallory/.claude',
  root: '/home/mallory/app',
  cwd: '/home/mallory/app',
  projectDir: '-home-mallory-app',
}

/** A row of a conversation that any client would keep. */
export function said(session: SessionId, text: string, more: object = {}): object {
  return {
    parentUuid: null,
    isSidechain: false,
    type: 'user',
    message: { role: 'user', content: text },
    uuid: randomUUID(),
    timestamp: '2026-11-20T12:00:00.000Z',
    cwd: mallorysOrigin.cwd,
    sessionId: session,
    version: '2.1.329',
    ...more,
  }
}

export function honest(session: SessionId): readonly object[] {
  const first = randomUUID()
  return [
    said(session, 'please look at the tests', { uuid: first }),
    said(session, '', {
      parentUuid: first,
      type: 'assistant',
      message: { role: 'assistant', content: [{ type: 'text', text: 'they are green' }] },
    }),
  ]
}

/** Puts the session on the remote. */
export async function plant(stage: Stage, plan: Plan = {}): Promise<Planted> {
  const session = plan.session ?? parseSessionId(randomUUID())
  const { identity, recipient } = await newIdentity()
  const files = withTranscript(session, plan)
  const rows = files.map(rowOf)
  const packed = plan.packed ?? pack(files, rows, plan)
  const sealed = Buffer.from(await sealBytes(recipient, packed.bytes))
  const stored = plan.segmentAge?.(sealed) ?? sealed
  const manifest = manifestOf(stage, session, plan, rows, { packed, sealed })
  const json = JSON.stringify(plan.manifest?.(manifest) ?? manifest)
  const text = plan.manifestText?.(json) ?? json
  const tree = writeTree(stage, plan, {
    keyAge: plan.keyAge ?? (await sealIdentity(identity, stage.readers)),
    manifestAge: plan.manifestAge ?? (await sealBytes(recipient, brotli(Buffer.from(text)))),
    segment: stored,
  })
  const commit = await writeCommit(stage, session, plan, tree)
  git(stage, ['update-ref', plan.ref ?? sessionRef(session), commit])
  return { session, commit, identity }
}

/**
 * Goes on with a session that she may read, and claims for her rows what `claims` says: by default that the device which
 * wrote the first segment wrote them too.
 */
export async function carryOn(
  stage: Stage,
  session: SessionId,
  rows: readonly object[],
  claims: Partial<SegmentRow> = {},
): Promise<Oid> {
  const ref = sessionRef(session)
  const read = (name: string) => gitBytes(stage, ['cat-file', 'blob', `${ref}:${name}`])
  const tip = oidOf(git(stage, ['rev-parse', ref]))
  const { identity, recipient } = await openIdentity(read('key.age'), stage.mallory)
  const manifest = await parseManifest(await openBytes(identity, read('manifest.age')))
  const files = new Map<string, { chain: Sha256; size: number; gen: number }>()
  for (const { name, sizes, sha256 } of manifest.segments) {
    const plain = openStream(identity, chunked(read(`segments/${name}`)))
    const table = await unpackSegment(plain, ignore, { plainSize: sizes[1], plainSha256: sha256[1] })
    for (const row of table) {
      const chain = extendChain(files.get(row.name)?.chain ?? zeroChain, row)
      files.set(row.name, { chain, size: row.at + row.size, gen: row.gen })
    }
  }
  const content = Buffer.from(`${rows.map((row) => JSON.stringify(row)).join('\n')}\n`)
  const { chain, size, gen } = files.get('session.jsonl') ?? { chain: zeroChain, size: 0, gen: 1 }
  const row: PieceRow = {
    name: 'session.jsonl',
    gen,
    op: 'append',
    at: size,
    size: content.length,
    sha256: digest(content),
  }
  files.set(row.name, { chain: extendChain(chain, row), size: size + content.length, gen })
  const tar = Buffer.concat([
    tarEntry('pieces.json', encodePieces([row])),
    tarEntry(row.name, content),
    tarEnd,
  ])
  const sealed = await sealBytes(recipient, brotli(tar))
  const seq = manifest.seq + 1
  const segment: SegmentRow = {
    name: String(seq).padStart(4, '0'),
    seq: [seq, seq],
    by: manifest.segments[0]?.by ?? stage.mallory.id,
    origin: 0,
    codec: 'tar+brotli',
    parts: 1,
    sizes: [sealed.length, tar.length],
    sha256: [digest(sealed), digest(tar)],
    ...claims,
  }
  const next: Manifest = {
    ...manifest,
    seq,
    segments: [...manifest.segments, segment],
    files: {
      count: manifest.files.count,
      bytes: manifest.files.bytes + content.length,
      fold: foldChains([...files].map(([name, file]) => [name, file.chain] as const)),
    },
  }
  const old = manifest.segments.map(({ name }) => ({
    mode: '100644',
    name,
    oid: oidOf(git(stage, ['rev-parse', `${ref}:segments/${name}`])),
  }))
  const segments = tree(stage, [...old, { mode: '100644', name: segment.name, oid: blob(stage, sealed) }])
  const age = await sealBytes(recipient, brotli(Buffer.from(JSON.stringify(next))))
  const root = tree(stage, [
    { mode: '100644', name: 'key.age', oid: blob(stage, read('key.age')) },
    { mode: '100644', name: 'manifest.age', oid: blob(stage, age) },
    { mode: '040000', name: 'segments', oid: segments },
  ])
  const trailers = { seq, previous: tip, recipients: recipientsDigest(manifest.readers) }
  const commit = await writeCommit(stage, session, { parent: tip, trailers }, root)
  git(stage, ['update-ref', ref, commit])
  return commit
}

function withTranscript(session: SessionId, { rows, files = [] }: Plan): readonly File[] {
  if (files.some((file) => file.name === 'session.jsonl')) return files
  const lines = (rows ?? honest(session)).map((row) => (typeof row === 'string' ? row : JSON.stringify(row)))
  return [{ name: 'session.jsonl', content: `${lines.join('\n')}\n` }, ...files]
}

function rowOf({ name, content, path, row }: File): PieceRow {
  const bytes = Buffer.from(content)
  const tracked = path === undefined ? {} : { path }
  return { name, gen: 1, op: 'whole', at: 0, size: bytes.length, sha256: digest(bytes), ...tracked, ...row }
}

interface Packed {
  readonly bytes: Uint8Array
  readonly size: number
  readonly sha256: Sha256
}

function pack(files: readonly File[], rows: readonly PieceRow[], plan: Plan): Packed {
  const table = tarEntry('pieces.json', plan.table?.(rows) ?? encodePieces(rows))
  const entries = files
    .filter(({ row }) => row?.op !== 'gone' && !row?.dropped)
    .map(({ name, content }) => tarEntry(name, content))
  const tar = plan.tar?.(table, entries) ?? Buffer.concat([table, ...entries, tarEnd])
  return { bytes: brotli(tar, 1), size: tar.length, sha256: digest(tar) }
}

function manifestOf(
  stage: Stage,
  session: SessionId,
  plan: Plan,
  rows: readonly PieceRow[],
  { packed, sealed }: { readonly packed: Packed; readonly sealed: Buffer },
): Manifest {
  const chains = new Map<string, Sha256>()
  for (const row of rows) chains.set(row.name, extendChain(chains.get(row.name) ?? zeroChain, row))
  const segment: SegmentRow = {
    name: '0001',
    seq: [1, 1],
    by: stage.mallory.id,
    origin: 0,
    codec: 'tar+brotli',
    parts: 1,
    sizes: [sealed.length, packed.size],
    sha256: [digest(sealed), packed.sha256],
  }
  return {
    format: 1,
    session,
    repo: stage.repo,
    seq: plan.trailers?.seq ?? 1,
    redacted: false,
    client: '2.1.329',
    title: 'a friendly session',
    holder: null,
    readers: stage.readers,
    origins: [{ device: stage.mallory.id, ...mallorysOrigin, ...plan.origin }],
    segments: [segment],
    files: {
      count: chains.size,
      bytes: rows.reduce((sum, row) => sum + row.size, 0),
      fold: foldChains(chains),
    },
    dead: 0,
    links: [],
  }
}

interface Blobs {
  readonly keyAge: Uint8Array
  readonly manifestAge: Uint8Array
  readonly segment: Uint8Array
}

function writeTree(stage: Stage, plan: Plan, blobs: Blobs): Oid {
  const one: TreeEntry = { mode: '100644', name: '0001', oid: blob(stage, blobs.segment) }
  const segments = tree(stage, plan.segments?.([one]) ?? [one])
  const root: readonly TreeEntry[] = [
    { mode: '100644', name: 'key.age', oid: blob(stage, blobs.keyAge) },
    { mode: '100644', name: 'manifest.age', oid: blob(stage, blobs.manifestAge) },
    { mode: '040000', name: 'segments', oid: segments },
  ]
  return tree(stage, plan.tree?.(root) ?? root)
}

async function writeCommit(stage: Stage, session: SessionId, plan: Plan, tree: Oid): Promise<Oid> {
  const trailers: Trailers = {
    format: 1,
    ref: sessionRef(session),
    session,
    repo: stage.repo,
    commit: null,
    seq: 1,
    previous: null,
    expires: new Date(Date.now() + 30 * 86_400_000).toISOString().replace(/\.\d+/, ''),
    recipients: recipientsDigest(stage.readers),
    policy: stage.policy,
    ...plan.trailers,
  }
  const message = formatCommitMessage(`teleport session ${session} ${trailers.seq}`, trailers)
  const who = { ...person, seconds: plan.seconds ?? Math.floor(Date.now() / 1000) }
  const payload = formatCommit({
    tree,
    parent: plan.parent ?? null,
    author: who,
    committer: who,
    message: plan.message?.(message) ?? message,
  })
  const signer = plan.signer === undefined ? stage.mallory : plan.signer
  const signed = signer ? withSignature(payload, await signer.sign(payload), 'sha1') : payload
  const raw = plan.raw ? Buffer.from(plan.raw(Buffer.from(signed).toString())) : signed
  return oidOf(git(stage, ['hash-object', '-t', 'commit', '-w', '--literally', '--stdin'], raw))
}

export function blob(stage: Stage, content: Uint8Array): Oid {
  return oidOf(git(stage, ['hash-object', '-w', '--stdin'], content))
}

/** In the order given, unsorted and doubled if she likes. */
export function tree(stage: Stage, entries: readonly TreeEntry[]): Oid {
  const bytes = entries.map(({ mode, name, oid }) =>
    Buffer.concat([Buffer.from(`${mode.replace(/^0/, '')} ${name}\0`), Buffer.from(oid, 'hex')]),
  )
  return oidOf(
    git(stage, ['hash-object', '-t', 'tree', '-w', '--literally', '--stdin'], Buffer.concat(bytes)),
  )
}

/** Runs git in the bare remote, as whoever may push can have it done. */
export function git(stage: Stage, args: readonly string[], input?: Uint8Array): string {
  return gitBytes(stage, args, input).toString()
}

function gitBytes(stage: Stage, args: readonly string[], input?: Uint8Array): Buffer {
  const ran = spawnSync('git', args, {
    cwd: stage.remote,
    env: { ...stage.env },
    input,
    maxBuffer: 64 * 1024 ** 2,
  })
  if (ran.status === 0) return ran.stdout
  throw new Error(`git ${args.join(' ')} ended with ${ran.status}: ${ran.stderr}`)
}

function oidOf(printed: string): Oid {
  const text = printed.trim()
  if (isOid(text)) return text
  throw new Error(`no object id: ${text}`)
}
