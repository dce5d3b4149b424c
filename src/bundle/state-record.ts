/** Reads the state record that this program wrote for one session and one remote. Pure. */

import type { SessionState } from '../model.ts'
import { fileRecords, oid, origin, sessionId, sha256, time } from './fields.ts'
import { indexEntryShape } from './index-entry.ts'
import { manifestShape } from './manifest.ts'
import { check, flag, integer, list, nullable, object, oneOf, type Shape, text } from './shape.ts'

const settled = {
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
  scan: (value: unknown) => value,
}

const shape: Shape<SessionState> = object({ ...settled, pending: nullable(object(settled)) })

/** Throws `store-damaged`, also for a record of another format: it is a cache, and losing it costs a cold pull. */
export function parseSessionState(value: unknown): SessionState {
  return check(shape, value, 'the state record', 'store-damaged')
}
