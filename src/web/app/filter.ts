/** Which sessions fit what was typed, and in which groups they stand. Pure. */

import type { Overview, OverviewSession } from '../../core/browse-overview.ts'
import { cleanLine, shortCommit } from './words.ts'

export type Grouping = 'newest' | 'branch' | 'commit'

export interface Group {
  readonly key: string
  readonly title: string
  /** Full id, for a group of one commit. */
  readonly commit: string | null
  readonly sessions: readonly OverviewSession[]
}

/** Every word must stand somewhere: in title, author, host, branch, id, a commit's id or subject, or a file's name. */
export function filterSessions(
  { sessions, commits }: Pick<Overview, 'sessions' | 'commits'>,
  typed: string,
): readonly OverviewSession[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  if (words.length === 0) return sessions
  return sessions.filter((each) => {
    const text = haystack(each, commits)
    return words.every((word) => text.includes(word))
  })
}

const haystacks = new WeakMap<OverviewSession, string>()

function haystack(each: OverviewSession, commits: Overview['commits']): string {
  const known = haystacks.get(each)
  if (known !== undefined) return known
  const subjects = each.commits.map((oid) =>
    Object.hasOwn(commits, oid) ? (commits[oid]?.subject ?? '') : '',
  )
  const parts = [
    ...[each.title ?? '', each.author, each.host, each.branch ?? '', each.session],
    ...[...each.commits, ...subjects, ...each.files],
  ]
  const text = parts.join('\n').toLowerCase()
  haystacks.set(each, text)
  return text
}

export function groupSessions(
  sessions: readonly OverviewSession[],
  commits: Overview['commits'],
  by: Grouping,
): readonly Group[] {
  if (by === 'newest') return [{ key: 'all', title: 'Newest first', commit: null, sessions }]
  const groups = new Map<string, OverviewSession[]>()
  for (const each of sessions) {
    const keys = by === 'branch' ? [each.branch ?? ''] : each.commits.length > 0 ? each.commits : ['']
    for (const key of new Set(keys)) {
      const own = groups.get(key)
      if (own) own.push(each)
      else groups.set(key, [each])
    }
  }
  const named = [...groups].map(([key, own]): Group => {
    const subject = Object.hasOwn(commits, key) ? (commits[key]?.subject ?? '') : ''
    return by === 'branch'
      ? { key, title: cleanLine(key) || 'No branch', commit: null, sessions: own }
      : { key, title: titleOfCommit(key, subject), commit: key === '' ? null : key, sessions: own }
  })
  // What has no name comes last; commits newest first, branches in the order of their newest session.
  const time = ({ key }: Group) => (Object.hasOwn(commits, key) ? (commits[key]?.authored ?? '') : '')
  const order = (a: Group, b: Group) =>
    Number(a.key === '') - Number(b.key === '') ||
    (by === 'commit' ? (time(a) < time(b) ? 1 : time(a) > time(b) ? -1 : 0) : 0)
  return named.sort(order)
}

function titleOfCommit(oid: string, subject: string): string {
  if (oid === '') return 'No commit'
  return cleanLine(subject) || `Commit ${shortCommit(oid)}`
}
