/** Shapes of the project's own words, used by several formats. Pure. */

import {
  type CommitLink,
  type FileRecord,
  type Holder,
  isDeviceId,
  isOid,
  isSessionId,
  isSha256,
  type Origin,
} from '../model.ts'
import { isLogicalName } from './names.ts'
import { guarded, integer, nullable, object, oneOf, record, refine, type Shape, text } from './shape.ts'

export const sessionId = guarded(isSessionId)
export const deviceId = guarded(isDeviceId)
export const oid = guarded(isOid)
export const sha256 = guarded(isSha256)

export const time: Shape<string> = refine(text(20), (value) =>
  isTime(value) ? undefined : 'is not a time such as 2026-11-20T12:00:00Z',
)

/** For people: a host, an e-mail, a branch. */
export const label = text(1024)
export const title = text(4096)
/** A root commit's id, a name from the policy, or `unknown`. */
export const repo = text(200, /^[\x21-\x7e]+$/)

const anyPath = text(32_767, /^(?:\/|[A-Za-z]:[\\/]|\\\\)/)

export const origin: Shape<Origin> = refine(
  object({
    device: deviceId,
    host: label,
    principal: label,
    platform: oneOf('posix', 'win32'),
    home: anyPath,
    config: anyPath,
    root: anyPath,
    cwd: anyPath,
    projectDir: text(255, /^(?!\.{1,2}$)[^/\\]+$/),
  }),
  (found) =>
    [found.home, found.config, found.root, found.cwd].every(
      (path) => path.startsWith('/') === (found.platform === 'posix'),
    )
      ? undefined
      : 'has a path that is not absolute on its platform',
)

export const holder: Shape<Holder> = object({ principal: label, since: time })

export const link: Shape<CommitLink> = object({
  commit: oid,
  tree: oid,
  patchId: nullable(oid),
  branch: nullable(label),
  message: nullable(text(64, /^[\x21-\x7e]+$/)),
  time,
})

/** The tracked file behind a checkpoint; whoever writes there checks by resolution, this is only data. */
export const trackedPath: Shape<string> = text(32_767, /^[\s\S]/)

const fileRecord: Shape<FileRecord> = object(
  {
    gen: integer(1),
    size: integer(0),
    chain: sha256,
    localPath: text(32_767),
    localSize: integer(0),
    localSha256: sha256,
  },
  { optional: { gone: oneOf(true), path: trackedPath } },
)

export const fileRecords: Shape<Readonly<Record<string, FileRecord>>> = record(isLogicalName, fileRecord)

/** Whether `value` is a real UTC time in its one spelling. */
export function isTime(value: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value)) return false
  const date = new Date(value)
  return !Number.isNaN(date.getTime()) && date.toISOString() === value.replace('Z', '.000Z')
}
