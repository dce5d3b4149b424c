/** What a push is asked to do and what it reports. Pure. */

import type { SessionFile } from '../claude/locate.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import type { CodeCounts, LocalFile, Oid, SessionId } from '../model.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import type { Workspace } from './workspace.ts'

export interface PushOptions {
  readonly session?: string | undefined
  readonly remote?: string | undefined
  /** Days from now, or null for never; undefined keeps what was fixed, else 30 days. */
  readonly expiresDays?: number | null | undefined
  readonly force?: boolean
  readonly fork?: boolean
  readonly rescan?: boolean
  readonly dryRun?: boolean
  /** The policy commit that is accepted at first sight without a question. */
  readonly trustPolicy?: string | undefined
  /** The remote may be one that everybody can read. */
  readonly public?: boolean
  /** Unpushed commits and uncommitted changes travel too. */
  readonly withChanges?: boolean
}

export interface PushResult {
  readonly session: SessionId
  readonly state: 'pushed' | 'same' | 'dry-run'
  readonly title: string | null
  readonly ref: string
  readonly remote: { readonly name: string; readonly url: string }
  readonly commit: Oid | null
  readonly seq: number
  readonly segments: number
  /** Conversation and files that are new on the remote, before compression. */
  readonly bytesAdded: number
  /** New ciphertext, or what git says it sent. */
  readonly bytesSent: number
  readonly files: readonly { readonly name: string; readonly op: string; readonly bytes: number }[]
  readonly recipients: readonly string[]
  readonly expires: string | null
  readonly redactions: Readonly<Record<string, number>>
  /** The code that this push carries, with `withChanges`. */
  readonly changes: SentChanges | null
}

export interface SentChanges extends CodeCounts {
  readonly commit: Oid
  readonly branch: string | null
  /** Of the bundles, before the segment is compressed. */
  readonly sizeBytes: number
}

/** The code as it is now, ready to travel. */
export interface Changes {
  readonly files: readonly LocalFile[]
  readonly sent: SentChanges
}

export interface PushJob {
  readonly ws: Workspace
  readonly device: DeviceKey
  readonly file: SessionFile
  /** Recipients of everyone who may read, sorted. */
  readonly readers: readonly string[]
  readonly options: PushOptions
  /** Asked for while the session is read: awaited before anything is sent. */
  readonly policy: Promise<EffectivePolicy>
  readonly changes: Changes | null
}
