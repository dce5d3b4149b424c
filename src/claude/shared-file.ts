/** Files of one session that lie in a folder which all sessions share. */

import { lstatSync } from 'node:fs'

/** Whether `target` of the bundle's file `name` would take the place of what may be another session's. */
export function isTaken(name: string, target: string): boolean {
  return name.startsWith('plans/') && lstatSync(target, { throwIfNoEntry: false }) !== undefined
}
