/** Whether what these readers get must be redacted first. Pure. */

/**
 * THE SEAM OF REDACTION: it answers no until the redactor is called where `push` collects (`attemptPush`); then it is
 * to answer `readers.some((reader) => !own.includes(reader))` unless `--no-redact` was given and the policy allows
 * it. A new log takes its `redacted` from here, and a log that is not redacted is left behind for a new one when this
 * says that it would have to be. A test holds the present answer, so that plugging the redactor in cannot miss it.
 * @param readers recipients of everyone who is to read
 * @param own recipients of the sender's own devices
 */
export function redactedFor(_readers: readonly string[], _own: readonly string[]): boolean {
  return false
}
