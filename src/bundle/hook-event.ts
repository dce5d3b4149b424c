/** Reads what a hook noted in the queue. Pure. */

import { isOid, isSessionId, type Oid, type SessionId } from '../model.ts'
import { parseRewrites } from './link-record.ts'

export interface CommitEvent {
  readonly commit: Oid
  /** What the hook ran inside; null when nobody told. */
  readonly session: SessionId | null
  /** Short name; null when HEAD was detached. */
  readonly branch: string | null
  /** Top of the work tree. */
  readonly top: string
}

export interface HookEvents {
  readonly commits: readonly CommitEvent[]
  readonly rewrites: readonly (readonly [Oid, Oid])[]
  /** Whether the hook had written all of it. */
  readonly whole: boolean
}

/** Whatever it holds: what is not understood is no event. */
export function parseHookEvents(text: string): HookEvents {
  if (text.startsWith('rewrite\n')) {
    return { commits: [], rewrites: parseRewrites(text), whole: text.endsWith('\nend\n') }
  }
  // The name of a folder may hold line feeds, so an event ends where the next one begins.
  const commits = text.split(/^(?=commit )/m).flatMap(parseCommit)
  return { commits, rewrites: [], whole: text.endsWith('\n') }
}

function parseCommit(text: string): readonly CommitEvent[] {
  const [, commit = '', session = '', ref = '', top = ''] =
    /^commit (\S+) (\S+) (\S+) (\/[\s\S]*|[A-Za-z]:[\s\S]*)\n$/.exec(text) ?? []
  if (!isOid(commit)) return []
  const id = session.toLowerCase()
  return [
    {
      commit,
      session: isSessionId(id) ? id : null,
      branch: ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length).slice(0, 1024) : null,
      top,
    },
  ]
}
