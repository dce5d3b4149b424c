/** Path rules of a platform that need not be this one. Pure. */

import path, { type PlatformPath } from 'node:path'
import type { Platform } from '../model.ts'

/** `path.win32` or `path.posix`: never the rules of the host that happens to run us. */
export function pathRules(platform: Platform): PlatformPath {
  return platform === 'win32' ? path.win32 : path.posix
}

/** Without trailing separators; the root of a file system becomes '' (or `C:`). */
export function trimFolder(folder: string, platform: Platform): string {
  return folder.replace(platform === 'win32' ? /[\\/]+$/ : /\/+$/, '')
}

/** The form in which two paths of that platform are compared. Keeps the length of ASCII paths. */
export function foldPath(text: string, platform: Platform): string {
  return platform === 'win32' ? text.replaceAll('/', '\\').toLowerCase() : text
}

/** Whether `file` is `folder` or lies below it, by name only. */
export function isInside(file: string, folder: string, platform: Platform): boolean {
  const top = foldPath(trimFolder(folder, platform), platform)
  const candidate = foldPath(file, platform)
  return candidate === top || candidate.startsWith(top + pathRules(platform).sep)
}
