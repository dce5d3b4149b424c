/** Everyone whose keys a command knows: one's own devices, the team, and those whom the policy wants among the readers. */

import type { DeviceKey } from '../crypto/device-key.ts'
import { deviceIdOf, parseSshPublicKey } from '../crypto/ssh-public-key.ts'
import type { DeviceId, TeamPolicy } from '../model.ts'
import { ownRecipients } from './device.ts'
import { effectivePolicy } from './effective-policy.ts'
import { isMemberAt, teamPolicy } from './team.ts'
import type { Workspace } from './workspace.ts'

export interface People {
  /** Recipients of one's own devices, this one and its earlier keys included, sorted. */
  readonly own: readonly string[]
  /** Keys that this device had before: what they signed is one's own, and nothing is encrypted to them any more. */
  readonly earlier: readonly string[]
  readonly team: TeamPolicy | null
  /** `policy.requiredReaders`: recipients, or principals of members. */
  readonly required: readonly string[]
  /** What the lifetimes of keys are held to. */
  readonly now: Date
}

/** `fresh` asks the remote what its policy is by now, once in a command. Throws what `teamPolicy` throws. */
export async function knownPeople(
  ws: Workspace,
  device: DeviceKey,
  how: 'fresh' | 'pinned',
): Promise<People> {
  const team = await teamPolicy(ws, how)
  return {
    own: await ownRecipients(ws.world, device),
    earlier: device.earlier ?? [],
    team,
    required: (await effectivePolicy(ws, team)).requiredReaders.value,
    now: ws.world.now(),
  }
}

/** The devices whose signature is believed now: null for an own one, else whose it is. */
export function believedDevices({ own, team, now }: People): ReadonlyMap<DeviceId, string | null> {
  const members = (team?.members ?? []).filter(({ recipient }) => isMemberAt(team, recipient, now))
  return new Map([
    ...members.map(({ device, principal }): [DeviceId, string | null] => [device, principal]),
    ...own.map((recipient): [DeviceId, string | null] => [
      deviceIdOf(parseSshPublicKey(recipient).blob),
      null,
    ]),
  ])
}

/** The names that the policy gives to one's own devices; none for who is no member. */
export function ownPrincipals({ own, team }: People): readonly string[] {
  const members = (team?.members ?? []).filter(({ recipient }) => own.includes(recipient))
  return [...new Set(members.map(({ principal }) => principal))]
}
