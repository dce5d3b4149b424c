/** What a push is asked to do and what it reports. Pure. */

import type { SessionFile } from '../claude/locate.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import type { ChangedContent } from '../git-store/changed-contents.ts'
import type { CodeCounts, Holder, LocalFile, Oid, SessionId } from '../model.ts'
import type { EffectivePolicy } from './effective-policy.ts'
import type { People } from './people.ts'
import type { Workspace } from './workspace.ts'

export interface PushOptions {
  readonly session?: string | undefined
  /** Where none is named and several could be meant, a person chooses; otherwise it is the newest. */
  readonly ask?: boolean
  readonly remote?: string | undefined
  /** Days from now, or null for never; undefined keeps what was fixed, else 30 days. */
  readonly expiresDays?: number | null | undefined
  readonly force?: boolean
  readonly fork?: boolean
  readonly rescan?: boolean
  readonly dryRun?: boolean
  /** Who may read it: `me`, `team`, principals, `age1…`. Undefined keeps what the session has. */
  readonly to?: readonly string[] | undefined
  /** The readers that the policy makes of whom it was meant for, as `rewrap` wants them. */
  readonly present?: boolean
  /** The member who has the session from now on. */
  readonly handOff?: string | undefined
  /** The policy commit that is accepted at first sight without a question. */
  readonly trustPolicy?: string | undefined
  /** The remote may be one that everybody can read. */
  readonly public?: boolean
  /** Unpushed commits and uncommitted changes travel too. */
  readonly withChanges?: boolean
  /** Others get the session as it is. */
  readonly noRedact?: boolean
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
  /** Who that is: `you`, members by name, `+2 readers`. */
  readonly readableBy: readonly string[]
  readonly holder: Holder | null
  readonly expires: string | null
  /** What was taken out for others, by rule. */
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
  /** Every blob and commit message that it holds: what others must not get is looked for in there. */
  readonly contents: () => AsyncIterable<ChangedContent>
}

/** What is asked of the remote while the session is read: awaited before anything is sent. */
export interface Circle {
  readonly people: People
  readonly policy: EffectivePolicy
}

export interface PushRequest {
  readonly ws: Workspace
  readonly device: DeviceKey
  readonly file: SessionFile
  readonly options: PushOptions
  readonly circle: Promise<Circle>
  /** Holders, and other things, that a person has been asked about. */
  readonly asked: Set<string>
  readonly changes: Changes | null
}

export interface PushJob extends PushRequest, Circle {}
