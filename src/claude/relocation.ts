/** Maps the folders of the machine that wrote a segment to the folders of this one. Pure. */

import { createHash } from 'node:crypto'
import type { Origin, Platform, SessionId } from '../model.ts'
import { type FolderRule, folderRules, type Here } from './folder-rules.ts'
import { folderText } from './folder-text.ts'
import { foldPath } from './platform-path.ts'

export type { Here } from './folder-rules.ts'

export interface Relocation {
  /** `false`: same folders, same platform, same id; nothing needs an edit. */
  readonly changed: boolean
  /** The folders that differ, longest first, for people. */
  readonly pairs: readonly { readonly from: string; readonly to: string }[]
  readonly origin: Platform
  readonly here: Here
  /** A path, unchanged when it lies under no known folder. Idempotent where no `to` lies inside another `from`. */
  path(path: string): string
  /** Every known folder within a longer text. */
  text(text: string): string
  /** A path relative to the launch folder: only its separators can differ. */
  relative(path: string): string
  /**
   * The name that this machine gives a checkpoint of the tracked file at `path` (on the origin). Unchanged unless
   * `name` is the origin's hash of `path`: then nobody would look for it under another name.
   */
  backupName(name: string, path: string | undefined): string
}

/** Longest folder first, so that the project below the home folder wins over the home folder. */
export function planRelocation(origin: Origin, session: SessionId, here: Here): Relocation {
  const rules = folderRules(origin, session, here)
  const pairs = rules.filter((rule) => rule.from !== rule.to).map(({ from, to }) => ({ from, to }))
  const mapPath = (path: string) => mapByRules(path, rules, origin.platform, here.platform)
  const hashesOf = rememberHashes(mapPath)
  return {
    changed: pairs.length > 0 || origin.platform !== here.platform || session !== here.session,
    pairs,
    origin: origin.platform,
    here,
    path: mapPath,
    text: folderText(rules, origin.platform, here.platform),
    relative: (path) => convertSeparators(path, origin.platform, here.platform),
    backupName(name, path) {
      if (path === undefined || !isBackupName(name)) return name
      const { there, here } = hashesOf(path)
      return name.startsWith(there) ? here + name.slice(16) : name
    },
  }
}

/** More tracked files than that are hashed each time. */
const mostRemembered = 10_000

/** A path's hash on both sides, remembered: every checkpoint names all tracked files again. */
function rememberHashes(mapPath: (path: string) => string) {
  const known = new Map<string, { readonly there: string; readonly here: string }>()
  return (path: string) => {
    const hashes = known.get(path) ?? { there: backupHash(path), here: backupHash(mapPath(path)) }
    if (known.size < mostRemembered) known.set(path, hashes)
    return hashes
  }
}

/** Whether `name` has the form of a checkpoint's name and holds the hash of the tracked file's absolute path. */
export function isBackupOf(name: string, path: string): boolean {
  return isBackupName(name) && name.startsWith(backupHash(path))
}

export function isBackupName(name: string): boolean {
  return /^[0-9a-f]{16}@v[0-9]{1,9}$/.test(name)
}

/** The first 16 hex digits of SHA-256 of a tracked file's absolute path. */
export function backupHash(path: string): string {
  return createHash('sha256').update(path).digest('hex').slice(0, 16)
}

function mapByRules(path: string, rules: readonly FolderRule[], from: Platform, to: Platform): string {
  for (const rule of rules) {
    const length = rule.from.length
    if (path.length < length || !isBoundary(path[length], from)) continue
    if (foldPath(path.slice(0, length), from) !== rule.folded) continue
    const mapped = rule.to + convertSeparators(path.slice(length), from, to)
    return mapped === '' ? '/' : /^[A-Za-z]:$/.test(mapped) ? `${mapped}\\` : mapped
  }
  return path
}

const isBoundary = (next: string | undefined, platform: Platform) =>
  next === undefined || next === '/' || (platform === 'win32' && next === '\\')

function convertSeparators(path: string, from: Platform, to: Platform): string {
  if (from === to) return path
  return from === 'win32' ? path.replaceAll('\\', '/') : path.replaceAll('/', '\\')
}
