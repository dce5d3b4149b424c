/** The library: the use cases of the command line for programs. Nothing here prints, asks on a terminal, or reads the process. */

export { type Attached, type AttachOptions, attachCommits, detachCommits } from './core/attach.ts'
export { type AuditOptions, type AuditReport, audit } from './core/audit.ts'
export { type BlameOptions, blameSessions, type LineOfSession } from './core/blame.ts'
export { type Change, changeSetting, readSettings, type Setting } from './core/config.ts'
export { createWorld, type ProgressEvent, type WorldOptions } from './core/create-world.ts'
export { type DoctorOptions, examine, type Finding } from './core/doctor.ts'
export { type ExpiredSession, type ExpireOptions, expireSessions } from './core/expire.ts'
export { type ExportedSession, type ExportOptions, exportSession } from './core/export.ts'
export { type FetchedSession, type FetchOptions, fetchSessions } from './core/fetch.ts'
export { type ImportOptions, type ImportResult, importSession } from './core/import.ts'
export { joinTeam } from './core/join-team.ts'
export {
  exportDeviceKey,
  type InitOptions,
  importDeviceKey,
  initDevice,
  type ShownKey,
  showKey,
  trustKey,
} from './core/key.ts'
export { type RotateOptions, type Rotation, rotateKey } from './core/key-rotate.ts'
export { type ListedSession, type ListOptions, listSessions } from './core/list.ts'
export { listBehind } from './core/list-commit.ts'
export { type LoggedCommit, type LogOptions, logSessions } from './core/log.ts'
export { type AddOptions, addMember, type EditedTeam, removeMember } from './core/member.ts'
export { type ListedMember, listTeam, type TeamList } from './core/member-list.ts'
export { forgetPolicy, type PolicyOptions, type PolicyReport, showPolicy } from './core/policy.ts'
export { type PruneOptions, type PruneResult, prune } from './core/prune.ts'
export { type PullOptions, type PullResult, pullSession } from './core/pull.ts'
export { type FailedPush, pushAll, pushSession } from './core/push.ts'
export type { PushOptions, PushResult } from './core/push-job.ts'
export { type ReadOptions, readSession } from './core/read-session.ts'
export { type Review, type ReviewOptions, reviewBranch } from './core/review.ts'
export { type RewrapOptions, type Rewrapped, rewrapSessions } from './core/rewrap.ts'
export { type RemoveOptions, type RemoveResult, removeSession } from './core/rm.ts'
export { type ScannedSession, type ScanOptions, scanSession } from './core/scan.ts'
export type { ShownSession } from './core/show.ts'
export { readStatus, type SessionStatus, type Status, type StatusOptions } from './core/status.ts'
export { type SummariseOptions, type Summary, summariseSession } from './core/summarise.ts'
export { type UndoOptions, type UndoResult, undoPull } from './core/undo.ts'
export type { Choice, SystemFacts, World } from './core/world.ts'
export { type ErrorCode, errorCodes, hasCode, TeleportError } from './errors.ts'
export {
  type Classification,
  type CommitLink,
  type DeviceId,
  type Holder,
  isSessionId,
  type Oid,
  parseSessionId,
  type SessionId,
} from './model.ts'
