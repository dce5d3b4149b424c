/** `policy`: what holds here and who says so; the pin of this remote. */

import type { MemberKey, Oid, PolicySettings } from '../model.ts'
import { settingKeys } from '../trust/settings.ts'
import { keyRecipient } from './device.ts'
import { effectivePolicy, type PolicySource } from './effective-policy.ts'
import { readPin, removePin } from './policy-pin.ts'
import { isMemberAt, teamPolicy } from './team.ts'
import { settingNames } from './team-text.ts'
import { withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface PolicyOptions {
  readonly remote?: string | undefined
  readonly trustPolicy?: string | undefined
  readonly offline?: boolean
}

export interface PolicyReport {
  readonly remote: string
  /** The pinned policy commit; null: this remote has no team. */
  readonly commit: Oid | null
  /** People, and the keys they have. */
  readonly members: number
  readonly devices: number
  readonly readers: number
  /** The member that this device is, now. */
  readonly you: string | null
  readonly settings: readonly {
    readonly key: string
    readonly value: PolicySettings[keyof PolicySettings]
    readonly source: PolicySource
  }[]
}

export async function showPolicy(world: World, options: PolicyOptions): Promise<PolicyReport> {
  return withLockedWorkspace(world, options, async (ws) => {
    const team = await teamPolicy(ws, options.offline ? 'pinned' : 'fresh')
    const policy = await effectivePolicy(ws, team)
    const recipient = await keyRecipient(world, ws.repo)
    world.progress.done()
    return {
      remote: ws.remote.name,
      commit: team?.commit ?? null,
      members: countPeople(team?.members ?? []),
      devices: team?.members.length ?? 0,
      readers: team?.readers.length ?? 0,
      you: recipient === null ? null : (isMemberAt(team, recipient, world.now())?.principal ?? null),
      settings: settingNames.map((name) => ({ key: settingKeys[name], ...policy[name] })),
    }
  })
}

function countPeople(members: readonly MemberKey[]): number {
  return new Set(members.map(({ principal }) => principal)).size
}

/** Gives up what was accepted for this remote; the next command sees it for the first time. False: there was nothing. */
export async function forgetPolicy(world: World, options: PolicyOptions): Promise<boolean> {
  return withLockedWorkspace(world, options, async (ws) => {
    const pin = await readPin(ws)
    if (!pin?.files) return false
    const sure = await world.confirm(
      `Forget the policy of ${ws.remote.name} that was accepted here at ${pin.commit}? Its members are believed no longer, and the next policy is taken as new.`,
    )
    if (!sure) return false
    await removePin(ws)
    return true
  })
}
