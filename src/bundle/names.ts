/** The logical names that a bundle may hold: an allow-list, never a list of what is forbidden. Pure. */

const session = /^session\.jsonl$/
const hash = '[0-9a-f]{16}'

/** Whole names, tried after every segment of the name has passed `isSafeSegment`. */
const allowed: readonly RegExp[] = [
  session,
  /^history\.jsonl$/,
  /^session-subdir\/subagents\/agent-[^/]+\.(?:jsonl|meta\.json)$/,
  /^session-subdir\/subagents\/[^/]+\/(?:[^/]+\/)?[^/]+\.(?:jsonl|json)$/,
  /^session-subdir\/tool-results\/(?:[^/]+\/){0,3}[^/]+$/,
  /^session-subdir\/workflows\/[^/]+\.json$/,
  new RegExp(`^file-history/${hash}@v[0-9]{1,9}$`),
  /^tasks\/(?:[0-9]{1,9}\.json|highwatermark)$/,
  /^todos\/agent-[^/]+\.json$/,
  /^plans\/[^/]+\.md$/,
  /^uploads\/[^/]+$/,
  new RegExp(`^paste-cache/${hash}\\.txt$`),
  /^session-env\/[^/]+\.sh$/,
  /^shell-snapshots\/[^/]+\.sh$/,
  /^worktree\/[^/]+$/,
]

/** Whether a bundle may hold a file of this name. Windows device names and traps of every file system are out. */
export function isLogicalName(name: string): boolean {
  return name.split('/').every(isSafeSegment) && allowed.some((pattern) => pattern.test(name))
}

/** Whether the file is a conversation: the session's own or one of a subagent. */
export function isTranscript(name: string): boolean {
  return session.test(name) || /^session-subdir\/subagents\/.+\.jsonl$/.test(name)
}

/** Whether the file is a checkpoint for rewinding, the only kind that has a tracked path. */
export function isFileHistory(name: string): boolean {
  return name.startsWith('file-history/')
}

/** Whether the file is about the code beside the conversation: never a file of the agent's. */
export function isCode(name: string): boolean {
  return name.startsWith('worktree/')
}

/** Two of the names that one case-insensitive folder could not hold side by side, or `undefined`. */
export function findCaseCollision(names: Iterable<string>): readonly [string, string] | undefined {
  const seen = new Map<string, string>()
  for (const name of names) {
    const folded = name.toLowerCase()
    const other = seen.get(folded)
    if (other !== undefined && other !== name) return [other, name]
    seen.set(folded, name)
  }
  return undefined
}

function isSafeSegment(segment: string): boolean {
  return (
    segment.length <= 120 &&
    /^[A-Za-z0-9_@-](?:[A-Za-z0-9._@-]*[A-Za-z0-9_@-])?$/.test(segment) &&
    !/^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i.test(segment)
  )
}
