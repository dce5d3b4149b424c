/** Whether a rewind of a foreign checkpoint may write to a file. */

import { lstatSync } from 'node:fs'
import type { Platform } from '../model.ts'
import { isPlainSegment } from './plain-path.ts'
import { isInside, pathRules } from './platform-path.ts'

/** Answers for one absolute path whether a checkpoint may restore it. */
export type CheckTarget = (target: string) => boolean

/**
 * Allows regular files (or free places) inside `root`, a real path, that are not below `.git` or `.claude` and have no
 * symlink on the way. Looks at the disk as it is now: ask again rather than remember the answer for long.
 */
export function checkpointTarget(root: string, platform: Platform): CheckTarget {
  const rules = pathRules(platform)
  return (target) => {
    if (!rules.isAbsolute(target) || rules.normalize(target) !== target) return false
    if (!isInside(target, root, platform)) return false
    const steps = rules.relative(root, target).split(rules.sep)
    if (!steps.every(isPlainSegment)) return false
    return steps.every((_, index) => {
      const place = rules.join(root, ...steps.slice(0, index + 1))
      return fits(place, index === steps.length - 1 ? 'file' : 'folder')
    })
  }
}

function fits(place: string, wanted: 'file' | 'folder'): boolean {
  const found = lstatSync(place, { throwIfNoEntry: false })
  if (!found) return true
  return wanted === 'file' ? found.isFile() : found.isDirectory()
}
