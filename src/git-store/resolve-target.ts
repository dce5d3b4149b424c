/** A target as it is typed in a folder of this machine: what exists there is a folder, whatever it looks like. */

import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseTarget, type Target } from './target.ts'

/** Throws `usage`. */
export function resolveTarget(text: string, cwd: string): Target {
  const found = parseTarget(text, (each) => existsSync(path.resolve(cwd, each)))
  return found.kind === 'folder' ? { ...found, path: path.resolve(cwd, found.path) } : found
}
