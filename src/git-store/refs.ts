/** The only place that spells refs: on a remote, as last fetched, and as last accepted. Pure. */

import { TeleportError } from '../errors.ts'
import { type DeviceId, isDeviceId, isSessionId, type SessionId } from '../model.ts'

const base = 'refs/teleport/'

export type RefKind = 'sessions' | 'index'

export type TeleportRef =
  | { readonly kind: 'session'; readonly session: SessionId }
  | { readonly kind: 'index'; readonly device: DeviceId }

export function sessionRef(session: SessionId): string {
  return `${base}sessions/${session}`
}

export function indexRef(device: DeviceId): string {
  return `${base}index/${device}`
}

/** `undefined` for everything but a session's and a device's ref, exactly spelled. */
export function parseRef(ref: string): TeleportRef | undefined {
  if (!ref.startsWith(base)) return undefined
  const [folder, name = '', ...more] = ref.slice(base.length).split('/')
  if (more.length > 0) return undefined
  if (folder === 'sessions' && isSessionId(name)) return { kind: 'session', session: name }
  if (folder === 'index' && isDeviceId(name)) return { kind: 'index', device: name }
  return undefined
}

/** Patterns for `RemoteRefs.fetch`. A prefix is the start of a session id; empty means all. */
export const patterns = {
  sessions(prefix: string): string {
    if (/^[0-9a-f-]{0,36}$/.test(prefix)) return `${base}sessions/${prefix}*`
    throw new TeleportError('bug', 'a session prefix holds characters that no session id has')
  },
  indexes: `${base}index/*`,
} as const

/** What is behind `refs/teleport/`, if `ref` or the pattern is one of ours; throws `bug` otherwise. */
function restOf(ref: string): string {
  const exact = parseRef(ref) !== undefined
  const pattern = ref === patterns.indexes || /^refs\/teleport\/sessions\/[0-9a-f-]{0,36}\*$/.test(ref)
  if (exact || pattern) return ref.slice(base.length)
  throw new TeleportError('bug', 'a ref outside of the teleport namespaces was asked for')
}

/** Where the last fetch from the remote `key` put `ref`; not verified yet. */
export function incomingRef(key: string, ref: string): string {
  return `refs/incoming/${key}/${restOf(ref)}`
}

/** Where the verified state of `ref` on the remote `key` is kept. */
export function acceptedRef(key: string, ref: string): string {
  return `refs/remote/${key}/${restOf(ref)}`
}

/** The folder of `incomingRef` for every ref of that remote. */
export function incomingFolder(key: string): string {
  return `refs/incoming/${key}/`
}

/** The folder of `acceptedRef` for one kind. */
export function acceptedFolder(key: string, kind: RefKind): string {
  return `refs/remote/${key}/${kind}/`
}

/** The remote's name of a ref that lies in the incoming or accepted folder; `undefined` when it is none of ours. */
export function remoteName(localRef: string): string | undefined {
  const ref = localRef.replace(/^refs\/(?:incoming|remote)\/[0-9a-f]{16}\//, base)
  return parseRef(ref) === undefined ? undefined : ref
}

/**
 * One refspec of a mirroring fetch. An exact ref gets a `*` at its end: then its absence is no error, and the server
 * is asked for that one prefix only, where git would fail on a missing ref with the exit code of a dead connection.
 */
export function mirrorRefspec(key: string, pattern: string): string {
  const star = pattern.endsWith('*') ? '' : '*'
  return `+${pattern}${star}:${incomingRef(key, pattern)}${star}`
}

/** Whether `ref` is what the pattern, or the exact ref, asks for. */
export function matchesPattern(ref: string, pattern: string): boolean {
  return pattern.endsWith('*') ? ref.startsWith(pattern.slice(0, -1)) : ref === pattern
}
