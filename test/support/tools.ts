/** What a test needs beside Node and git, and what happens when a machine lacks it. */

import { accessSync, constants } from 'node:fs'
import path from 'node:path'

/** What of AVA's `t` the kit uses. */
export interface Logged {
  log(...values: unknown[]): void
  pass(): boolean
}

/**
 * Whether the program `name` is there. When it is missing: throws where `CI` is set, so that nothing is skipped
 * unseen; elsewhere logs a line that begins with `skipped`, passes, and the test returns.
 */
export function needTool(t: Logged, name: string): boolean {
  if (findProgram(name) !== undefined) return true
  return skip(t, `${name} is not installed`)
}

/** The way to skip: fails where `CI` is set, else logs `skipped: <why>`, passes and returns false. */
export function skip(t: Logged, why: string): false {
  if (process.env['CI']) throw new Error(`a test cannot run here: ${why}`)
  t.log(`skipped: ${why}`)
  t.pass()
  return false
}

/** Absolute path of a program on PATH, or in the folders of system programs, which are not on everyone's PATH. */
export function findProgram(name: string): string | undefined {
  const folders = [
    ...(process.env['PATH'] ?? '').split(path.delimiter),
    '/usr/sbin',
    '/usr/local/sbin',
    '/sbin',
  ]
  return folders
    .filter((folder) => path.isAbsolute(folder))
    .map((folder) => path.join(folder, name))
    .find(isProgram)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
