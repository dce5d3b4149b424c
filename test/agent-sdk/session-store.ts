/**
 * What `@anthropic-ai/claude-agent-sdk` documents about a session store, written as the type that its stores have. Our own
 * words: the package is under a licence of its own, and is installed by tests only.
 */

export interface Entry {
  readonly type: string
  readonly uuid?: string
  readonly [key: string]: unknown
}

export interface Key {
  readonly projectKey: string
  readonly sessionId: string
  readonly subpath?: string
}

export interface Summary {
  sessionId: string
  mtime: number
  data: Record<string, unknown>
}

export interface SessionStore {
  append(key: Key, entries: Entry[]): Promise<void>
  load(key: Key): Promise<Entry[] | null>
  listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]>
  listSessionSummaries?(projectKey: string): Promise<Summary[]>
  delete(key: Key): Promise<void>
  listSubkeys(key: { projectKey: string; sessionId: string }): Promise<string[]>
}

/** Two stores of one backing, and the project that they are of. The second may be the first. */
export interface Bench {
  readonly store: SessionStore
  readonly second: SessionStore
  readonly projectKey: string
  /** Another project, in this backing or one that it does not know. */
  readonly otherProject: string
}
