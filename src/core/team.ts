/** Who is a member of the team, by the policy files on the remote's default branch. */

import type { MemberKey, TeamPolicy } from '../model.ts'
import type { Workspace } from './workspace.ts'

/**
 * `fresh` asks the remote for its HEAD; `pinned` goes by what was accepted last. Null: no policy files were ever seen
 * for this remote.
 */
export async function teamPolicy(_ws: Workspace, _how: 'fresh' | 'pinned'): Promise<TeamPolicy | null> {
  return null
}

/** The member whose key this very recipient is, when its lifetime holds `at`. */
export function isMemberAt(team: TeamPolicy | null, recipient: string, at: Date): MemberKey | null {
  return team?.members.find((member) => member.recipient === recipient && isValidAt(member, at)) ?? null
}

function isValidAt({ validAfter, validBefore }: MemberKey, at: Date): boolean {
  const time = at.getTime()
  if (validAfter !== null && time < Date.parse(validAfter)) return false
  return validBefore === null || time < Date.parse(validBefore)
}
