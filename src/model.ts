/** The words of the project as types, and the parsers that make the branded ones. Pure. */

import { TeleportError } from './errors.ts'

declare const brand: unique symbol
type Branded<Name extends string> = string & { readonly [brand]: Name }

/** A session's UUID, lower case. */
export type SessionId = Branded<'SessionId'>
/** 26 characters of lower-case base32: the start of SHA-256 of a device's SSH public key blob. */
export type DeviceId = Branded<'DeviceId'>
/** A git object id: 40 or 64 lower-case hex digits. */
export type Oid = Branded<'Oid'>
/** A reader set: the first 16 hex digits of its recipients digest. */
export type AudienceId = Branded<'AudienceId'>
/** 64 lower-case hex digits of SHA-256. */
export type Sha256 = Branded<'Sha256'>

const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

export function isSessionId(text: string): text is SessionId {
  return uuidPattern.test(text)
}

/** Accepts upper case; throws `bad-session-id`. */
export function parseSessionId(text: string): SessionId {
  const id = text.toLowerCase()
  if (isSessionId(id)) return id
  throw new TeleportError('bad-session-id', `"${text.slice(0, 60)}" is not a session id`, {
    hint: 'git teleport list',
  })
}

/** Whether `text` could begin a session id: at least four hex digits, dashes in their places. */
export function isSessionPrefix(text: string): boolean {
  return (
    text.length >= 4 &&
    text.length <= 36 &&
    uuidPattern.test(text + '00000000-0000-0000-0000-000000000000'.slice(text.length))
  )
}

export function isDeviceId(text: string): text is DeviceId {
  return /^[a-z2-7]{26}$/.test(text)
}

/** Brands a device id made here; throws a bare error for anything else, since that would be a bug. */
export function asDeviceId(text: string): DeviceId {
  if (isDeviceId(text)) return text
  throw new Error('not a device id')
}

export function isOid(text: string): text is Oid {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)
}

export function isAudienceId(text: string): text is AudienceId {
  return /^[0-9a-f]{16}$/.test(text)
}

export function isSha256(text: string): text is Sha256 {
  return /^[0-9a-f]{64}$/.test(text)
}

/** Brands a digest made here; throws a bare error for anything else, since that would be a bug. */
export function asSha256(hex: string): Sha256 {
  if (isSha256(hex)) return hex
  throw new Error('not a SHA-256 digest')
}

/** Whether paths of that machine use drive letters and backslashes. */
export type Platform = 'posix' | 'win32'

/** Where a segment was written: paths are relocated from here to the receiver's own. All paths absolute. */
export interface Origin {
  readonly device: DeviceId
  /** Host name, for people. */
  readonly host: string
  /** The user's e-mail or name, for people. */
  readonly principal: string
  readonly platform: Platform
  readonly home: string
  /** Claude Code's configuration folder. */
  readonly config: string
  /** Top of the work tree. */
  readonly root: string
  /** The launch folder: `cwd` of the first row. */
  readonly cwd: string
  /** Name of the session's folder below `<config>/projects`. */
  readonly projectDir: string
}

export type PieceOp = 'append' | 'whole' | 'gone'

/**
 * One row of a segment's table: what happened to one logical file.
 * `append` continues generation `gen` at byte `at`; `whole` starts generation `gen`; `gone` starts an empty one.
 */
export interface PieceRow {
  readonly name: string
  readonly gen: number
  readonly op: PieceOp
  readonly at: number
  /** Bytes. */
  readonly size: number
  readonly sha256: Sha256
  /** For a file-history name: the absolute path of the tracked file on the origin. */
  readonly path?: string
  /** The bytes are left out: a later row of the same name in the log supersedes them. The chain still counts the row. */
  readonly dropped?: true
}

/** One immutable encrypted piece of the log, as the manifest lists it. Its blobs are `segments/<name>[.PP]`. */
export interface SegmentRow {
  /** Four digits or more, counted up; never reused within a session. */
  readonly name: string
  /** First and last push that it holds. */
  readonly seq: readonly [number, number]
  /** The device that wrote it. */
  readonly by: DeviceId
  /** Index into the manifest's `origins`. */
  readonly origin: number
  readonly codec: 'tar+brotli'
  /** 1: one blob `NNNN`; more: `NNNN.00`, `NNNN.01` … of one age file. */
  readonly parts: number
  /** Bytes of ciphertext and of the tar stream. */
  readonly sizes: readonly [number, number]
  /** SHA-256 of ciphertext and of the tar stream. */
  readonly sha256: readonly [Sha256, Sha256]
}

/** A tie between a session and a commit that it made or was pushed at. */
export interface CommitLink {
  readonly commit: Oid
  readonly tree: Oid
  readonly patchId: string | null
  readonly branch: string | null
  /** uuid of the last conversation row when the link was made. */
  readonly message: string | null
  /** UTC, `2026-11-20T12:00:00Z`. */
  readonly time: string
}

/** Who has the session now, after a hand-off. */
export interface Holder {
  readonly principal: string
  readonly since: string
}

/** `worktree/state.json`: the code that a session was pushed at, when it was pushed with its changes. */
export interface CodeState {
  readonly format: 1
  /** The commit that was checked out. */
  readonly head: Oid
  /** Short name; null when HEAD was detached. */
  readonly branch: string | null
  /** Name of the branch on the remote that `branch` follows, or null. */
  readonly upstream: string | null
  /** Commits that the remote had when this was pushed, on which everything else rests. */
  readonly needs: readonly Oid[]
  /**
   * Commits in `worktree/changes.bundle`, null where there is no such bundle: their trees are the index, the work tree as
   * its bytes lay on the disk, and what is only intended to be added.
   */
  readonly index: Oid | null
  readonly worktree: Oid | null
  readonly intent: Oid | null
  readonly counts: CodeCounts
}

/** For people: commits that the remote did not have, and paths. */
export interface CodeCounts {
  readonly commits: number
  readonly staged: number
  readonly unstaged: number
  readonly untracked: number
}

/** The encrypted table of a bundle. Stays small: no per-file table. */
export interface Manifest {
  readonly format: 1
  readonly session: SessionId
  readonly repo: string
  readonly seq: number
  readonly redacted: boolean
  /** Version of the client that wrote the newest row, or null. */
  readonly client: string | null
  readonly title: string | null
  readonly holder: Holder | null
  /** Everyone the session is encrypted to, sorted: whoever goes on with it keeps the audience. */
  readonly readers: readonly string[]
  /** Whom that was meant for, beside the sender's own devices: `team`, principals, `age1…`. Absent: nobody. */
  readonly to?: readonly string[]
  /** Readers that are devices of those who pushed and that the policy does not list. Absent: none. */
  readonly unlisted?: readonly string[]
  /** `--expires` fixed when it ends, so no push renews it. */
  readonly expiresFixed?: true
  readonly origins: readonly Origin[]
  readonly segments: readonly SegmentRow[]
  /** `count` live files, their logical `bytes`, and the fold of every chain. */
  readonly files: { readonly count: number; readonly bytes: number; readonly fold: Sha256 }
  /** Bytes of segments that history still holds and the tip no longer names. */
  readonly dead: number
  readonly links: readonly CommitLink[]
}

/** What a device tells its readers about one session, in its index. */
export interface IndexEntry {
  readonly format: 1
  readonly session: SessionId
  readonly state: 'live' | 'removed' | 'expired'
  readonly commit: Oid | null
  readonly seq: number
  readonly title: string | null
  readonly author: string
  readonly host: string
  readonly branch: string | null
  readonly messages: number
  readonly bytes: number
  /** UTC times; `expires` null means never. */
  readonly updated: string
  readonly expires: string | null
  readonly holder: Holder | null
  /** Newest 16 code commits. */
  readonly commits: readonly Oid[]
}

/** The signed, clear-text trailers of a teleport commit, in their fixed order. `null` is written `none`. */
export interface Trailers {
  readonly format: 1
  readonly ref: string
  readonly session: SessionId | null
  readonly repo: string
  readonly commit: Oid | null
  readonly seq: number
  readonly previous: Oid | null
  readonly expires: string | null
  readonly recipients: Sha256
  readonly policy: Oid | null
  /** Index commits only: what this push did, such as `push`, `remove`, `expire`. */
  readonly action?: string
}

/** What a machine remembers of one logical file at the last sync. */
export interface FileRecord {
  readonly gen: number
  /** Logical bytes. */
  readonly size: number
  readonly chain: Sha256
  readonly gone?: true
  readonly path?: string
  /** Absolute path here; empty for `gone` files and those that are not installed (session-env, shell-snapshots). */
  readonly localPath: string
  /** Bytes here, which differ from `size` after relocation. */
  readonly localSize: number
  readonly localSha256: Sha256
}

/** The state record of one session and one remote: a cache of what both sides were at the last sync. */
export interface SessionState {
  readonly format: 1
  readonly session: SessionId
  readonly url: string
  readonly commit: Oid
  readonly seq: number
  /** SHA-256 of the tip's signed text. */
  readonly signedText: Sha256
  /** The session's own age recipient. */
  readonly recipient: string
  /** Readers, sorted: `type base64` without comment, or `age1…`. */
  readonly audience: readonly string[]
  readonly redacted: boolean
  /** The folders this machine had at the last sync. */
  readonly origin: Origin
  readonly tier: 'exact' | 'sanitised'
  readonly expires: string | null
  /** `--expires` fixed it, so a push does not renew it. */
  readonly expiresFixed: boolean
  readonly manifest: Manifest
  readonly entry: IndexEntry | null
  readonly files: Readonly<Record<string, FileRecord>>
  /** Paths in the conversation were relocated too, and later pulls go on with that. */
  readonly deep: boolean
  /** Rows that were left out of each transcript here, with what they hung on: later rows may hang on them. */
  readonly links: Readonly<Record<string, readonly (readonly [string, string | null])[]>>
  /** The agent's own notes about what it has scanned so far; opaque to everyone else. */
  readonly scan: unknown
}

/** The state file: what holds, and what was sent and is not yet confirmed (adopted if the remote's tip is its commit). */
export interface SessionRecord {
  readonly format: 1
  readonly current: SessionState | null
  readonly pending: SessionState | null
}

/** What a pull found, compared with this machine. */
export type Classification = 'new' | 'same' | 'fast-forward' | 'local-ahead' | 'diverged' | 'gone' | 'expired'

/**
 * One file of a session as it lies on this machine, ready to be planned and packed.
 * `name` is the logical name of DESIGN section 3 as this machine would call it.
 */
export interface LocalFile {
  readonly name: string
  /** Absolute; for a filtered view such as history.jsonl, the file it is filtered from. */
  readonly localPath: string
  /** Bytes that travel: a JSONL file is cut at its last newline. */
  readonly size: number
  /** For a file-history name: the tracked file's absolute path, when known. */
  readonly path?: string
  /** Streams bytes `[start, end)`. Throws `failed` when the file shrank meanwhile. */
  read(start: number, end: number): AsyncIterable<Uint8Array>
}

/** One device of a member, as a line of `.teleport/allowed_signers` lets it in. */
export interface MemberKey {
  readonly principal: string
  /** `type base64`, without comment. */
  readonly recipient: string
  readonly device: DeviceId
  /** UTC, or null: from ever. */
  readonly validAfter: string | null
  /** UTC, or null: for ever. */
  readonly validBefore: string | null
}

/** A key of `.teleport/recipients`: it reads and signs nothing. */
export interface ExtraReader {
  /** `age1…`, or `type base64` without comment. */
  readonly recipient: string
  readonly comment: string
}

/** What a policy file may say; docs/policy.md has the keys. Null and empty: not said. */
export interface PolicySettings {
  /** `teleport.allowedRemote`: patterns of URLs, `*` for anything. */
  readonly allowedRemotes: readonly string[]
  /** `teleport.maxLifetime`, in days. */
  readonly maxLifetimeDays: number | null
  /** `teleport.defaultExpiry`, in days. */
  readonly defaultExpiryDays: number | null
  /** `teleport.requiredReader`: recipients that every session is encrypted to, or principals of members. */
  readonly requiredReaders: readonly string[]
  /** `teleport.mustSign`. It is always done; a policy can only repeat it. */
  readonly mustSign: boolean | null
  /** `teleport.mustRedact`: `--no-redact` is refused. */
  readonly mustRedact: boolean | null
  /** `teleport.mayPush`: principals; empty: everybody. */
  readonly mayPush: readonly string[]
  /** `teleport.allowChanges`: uncommitted and unpushed work may travel. */
  readonly allowChanges: boolean | null
  /** `teleport.allowAutomation`: hooks may push. */
  readonly allowAutomation: boolean | null
  /** `teleport.audit.pulls`: a pull is entered in the puller's index. */
  readonly auditPulls: boolean | null
  /** `teleport.run.allowed`: places where sessions may run in the background: `here`, or patterns of targets. */
  readonly runAllowed: readonly string[]
  /** `teleport.repository`: what this project is called in signatures. */
  readonly repository: string | null
  /** `teleport.to.allowed`: patterns of places that sessions may be sent to directly, `*` for anything. */
  readonly toAllowed: readonly string[]
}

/** What the default branch of one remote says about its members, at one commit. */
export interface TeamPolicy {
  readonly commit: Oid
  readonly members: readonly MemberKey[]
  readonly readers: readonly ExtraReader[]
  readonly settings: PolicySettings
}

/** How long work reports itself: `total` 0 means unknown. Amounts are bytes. */
export interface Progress {
  step(doing: string, totalBytes?: number): void
  advance(bytes: number): void
  done(): void
}

/** Runs `work` when nobody else is asking on the terminal. Not to be taken by whoever has it. */
export type Turn = <T>(work: () => Promise<T>) => Promise<T>

export const silentProgress: Progress = { step() {}, advance() {}, done() {} }
