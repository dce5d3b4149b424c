/** Reads the state record that this program wrote for one session and one remote. Pure. */

import type { SessionRecord, SessionState } from '../model.ts'
import { fileRecords, oid, origin, sessionId, sha256, time } from './fields.ts'
import { indexEntryShape } from './index-entry.ts'
import { manifestShape } from './manifest.ts'
import { isLogicalName } from './names.ts'
import {
  both,
  check,
  flag,
  integer,
  list,
  nullable,
  object,
  oneOf,
  record,
  type Shape,
  text,
} from './shape.ts'

const state: Shape<SessionState> = object({
  format: oneOf(1),
  session: sessionId,
  url: text(32_767),
  commit: oid,
  seq: integer(1),
  signedText: sha256,
  recipient: text(4096),
  audience: list(text(16_384), 10_000),
  redacted: flag,
  origin,
  tier: oneOf('exact', 'sanitised'),
  expires: nullable(time),
  expiresFixed: flag,
  manifest: manifestShape,
  entry: nullable(indexEntryShape),
  files: fileRecords,
  deep: flag,
  links: record(isLogicalName, list(both(text(200), nullable(text(200))), 1000)),
  scan: (value: unknown) => value,
})

const stateFile: Shape<SessionRecord> = object({
  format: oneOf(1),
  current: nullable(state),
  pending: nullable(state),
})

/** Throws `store-damaged`, also for a record of another format: it is a cache, and losing it costs a cold pull. */
export function parseSessionRecord(value: unknown): SessionRecord {
  return check(stateFile, value, 'the state record', 'store-damaged')
}
