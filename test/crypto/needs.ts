/** Tests beside other programs: skipped aloud where the program is missing, but never in CI. */

import { spawnSync } from 'node:child_process'
import type { ExecutionContext } from 'ava'

export function hasTool(name: string): boolean {
  return spawnSync(name, ['--help'], { stdio: 'ignore' }).error === undefined
}

/** Whether to go on. Without the tool it logs a line, and fails the test when `CI` is set. */
export function needs(t: ExecutionContext, name: string, env = process.env): boolean {
  if (hasTool(name)) return true
  t.log(`skipped: ${name} is not installed`)
  if (env['CI']) t.fail(`${name} has to be installed in CI`)
  else t.pass()
  return false
}
