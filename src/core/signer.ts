/** Whether the signer of a tip is one of my own devices, a member now, or nobody to believe. */

import { deviceIdOf, type SshPublicKey } from '../crypto/ssh-public-key.ts'
import { hasCode } from '../errors.ts'
import { openPolicyRepo, type PolicyRepo } from '../git-store/policy-repo.ts'
import type { DeviceId, MemberKey, Oid, TeamPolicy, Trailers } from '../model.ts'
import { parseAllowedSigners } from '../trust/allowed-signers.ts'
import { decodePolicy, maxPolicyBytes } from '../trust/policy-text.ts'
import { outsideLifetime, type Signer } from '../trust/signer.ts'
import { parseOwnDevice } from './device.ts'
import { isMemberAt, readKey, teamPolicy } from './team.ts'
import type { Workspace } from './workspace.ts'

export interface Believed {
  /** Recipients of one's own devices. */
  readonly own: readonly string[]
  /** Looked up when it is needed and not given. */
  readonly team?: TeamPolicy | null
  /** `pinned` asks nobody for the list of members; default `fresh`. */
  readonly members?: 'fresh' | 'pinned'
}

interface Signed {
  readonly signer: SshPublicKey
  readonly trailers: Trailers
}

/** Own devices need no policy, so that nothing of one's own depends on what the remote's HEAD says. */
export async function identifySigner(ws: Workspace, tip: Signed, by: Believed): Promise<Signer> {
  const { recipient } = tip.signer
  if (by.own.includes(recipient)) return { kind: 'own' }
  const team = by.team ?? (await teamPolicy(ws, by.members ?? 'fresh'))
  if (!team) return { kind: 'unknown', why: 'no-team' }
  const now = ws.world.now()
  const member = isMemberAt(team, recipient, now)
  const under = tip.trailers.policy
  if (member) {
    if (under !== null && !(await isKnownPolicy(ws, team, under)))
      ws.world.note(`${member.principal} pushed under the policy ${under}, which is not known here`)
    return { kind: 'member', principal: member.principal }
  }
  const keys = team.members.filter((key) => key.recipient === recipient)
  const late = outsideLifetime(keys, now)
  if (late) return { kind: 'unknown', ...late }
  const former = under === null ? undefined : await formerMember(ws, team, under, recipient)
  return { kind: 'unknown', ...(former ? { why: 'left', principal: former.principal } : { why: 'never' }) }
}

/** Ids of one's own devices. */
export function deviceIds(recipients: readonly string[]): ReadonlySet<DeviceId> {
  return new Set(recipients.map((recipient) => deviceIdOf(parseOwnDevice(recipient).blob)))
}

/** Whether it is the accepted policy, or one before it. */
async function isKnownPolicy(ws: Workspace, team: TeamPolicy, under: Oid): Promise<boolean> {
  return under === team.commit || (await policyRepo(ws)).descends(team.commit, under)
}

/** Whose key it was by the policy that the push names, which counts only as one that the team has had. */
async function formerMember(
  ws: Workspace,
  team: TeamPolicy,
  under: Oid,
  recipient: string,
): Promise<MemberKey | undefined> {
  if (!(await isKnownPolicy(ws, team, under))) return undefined
  const name = 'allowed_signers'
  try {
    const found = await (await policyRepo(ws)).read(under, [name], maxPolicyBytes)
    const members = parseAllowedSigners(decodePolicy(name, found.get(name) ?? new Uint8Array()), readKey)
    return members.find((key) => key.recipient === recipient)
  } catch (error) {
    // An old policy that nobody can read any more names nobody.
    if (hasCode(error, 'bad-policy')) return undefined
    throw error
  }
}

function policyRepo(ws: Workspace): Promise<PolicyRepo> {
  return openPolicyRepo(ws.repo, ws.store.dir, ws.project ?? ws.remote)
}
