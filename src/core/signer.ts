/** Whether the signer of a tip is one of my own devices, a member now, or nobody to believe. */

import { deviceIdOf } from '../crypto/ssh-public-key.ts'
import type { DeviceId } from '../model.ts'
import { outsideLifetime, type Signer } from '../trust/signer.ts'
import { parseOwnDevice } from './device.ts'
import { isMemberAt, teamPolicy } from './team.ts'
import type { Workspace } from './workspace.ts'

/** How current the list of members has to be: `pinned` asks nobody. */
export type Currency = 'fresh' | 'pinned'

/** @param recipient of the key that signed. Own devices need no policy, so that nothing of one's own depends on what the remote's HEAD says. */
export async function identifySigner(
  ws: Workspace,
  recipient: string,
  own: readonly string[],
  currency: Currency,
): Promise<Signer> {
  if (own.includes(recipient)) return { kind: 'own' }
  const team = await teamPolicy(ws, currency)
  if (!team) return { kind: 'unknown', why: 'no-team' }
  const now = ws.world.now()
  const member = isMemberAt(team, recipient, now)
  if (member) return { kind: 'member', principal: member.principal }
  const keys = team.members.filter((key) => key.recipient === recipient)
  return { kind: 'unknown', ...(outsideLifetime(keys, now) ?? { why: 'never' }) }
}

/** Ids of one's own devices. */
export function deviceIds(recipients: readonly string[]): ReadonlySet<DeviceId> {
  return new Set(recipients.map((recipient) => deviceIdOf(parseOwnDevice(recipient).blob)))
}
