/** Whether what these readers get must be redacted first. Pure. */

import { isShared } from './audience.ts'

/**
 * A new log takes its `redacted` from here, and a log that has another is left behind for a new one.
 * @param readers recipients of everyone who is to read
 * @param own recipients of the sender's own devices
 * @param noRedact somebody said that others are to get it as it is, and the policy lets them
 */
export function redactedFor(
  readers: readonly string[],
  own: readonly string[],
  noRedact: boolean = false,
): boolean {
  return isShared(readers, own) && !noRedact
}
