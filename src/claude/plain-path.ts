/** Which relative paths a foreign checkpoint may name. Pure. */

import type { Platform } from '../model.ts'
import { pathRules } from './platform-path.ts'

/** Whether a key of a checkpoint row names a file below its launch folder, in plain words and outside `.git`. */
export function isPlainRelative(key: string, platform: Platform): boolean {
  if (key === '' || pathRules(platform).isAbsolute(key)) return false
  return key.split(platform === 'win32' ? /[\\/]/ : '/').every(isPlainSegment)
}

/**
 * Refuses the folders that run code, however a file system may spell them: case, trailing dots and spaces, Windows
 * short names and streams, ignorable characters of HFS+.
 */
export function isPlainSegment(segment: string): boolean {
  if (segment === '' || segment === '.' || segment === '..') return false
  if (/[\p{Cc}\p{Cf}:]/u.test(segment)) return false
  const folded = segment
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[. ]+$/, '')
  if (folded === '') return false
  return !/^(?:\.git|\.claude|git~\d+|claude~\d+)$/.test(folded)
}
