/** `member list`: who is in the team, here and by the pinned policy. */

import { hasCode } from '../errors.ts'
import { openUserRepo } from '../git-store/user-repo.ts'
import type { DeviceId, Oid } from '../model.ts'
import { noSettings } from '../trust/settings.ts'
import { readTeamFiles } from '../trust/team-files.ts'
import { keyRecipient } from './device.ts'
import { fingerprintOf, isValidAt, parseTeamFiles, teamPolicy } from './team.ts'
import { describeChanges, type TeamText } from './team-text.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ListedMember {
  readonly principal: string
  readonly device: DeviceId
  readonly fingerprint: string
  readonly validAfter: string | null
  readonly validBefore: string | null
  /** By this machine's clock. */
  readonly valid: boolean
  readonly thisDevice: boolean
}

export interface TeamList {
  /** The pinned policy; null: what is listed is only in the working tree. */
  readonly commit: Oid | null
  readonly members: readonly ListedMember[]
  readonly readers: readonly { readonly recipient: string; readonly comment: string }[]
  /** What the working tree says differently; empty: nothing, or there is no pin to compare it with. */
  readonly changes: readonly string[]
}

/** By what was accepted last; the remote is not asked. Throws `bad-policy` for files that are wrong. */
export async function listTeam(
  world: World,
  options: { readonly remote?: string | undefined },
): Promise<TeamList> {
  const repo = await openUserRepo(world.cwd, world.env, { signal: world.signal })
  const pinned = await withWorkspace(world, options, (ws) => teamPolicy(ws, 'pinned')).catch(
    (error: unknown) => {
      if (hasCode(error, 'no-remote')) return null
      throw error
    },
  )
  const files = await readTeamFiles(repo.top)
  const here = files === null ? null : parseTeamFiles(files)
  const shown = pinned ?? here
  const own = await keyRecipient(world, repo)
  return {
    commit: pinned?.commit ?? null,
    members: (shown?.members ?? []).map((member) => ({
      principal: member.principal,
      device: member.device,
      fingerprint: fingerprintOf(member.recipient),
      validAfter: member.validAfter,
      validBefore: member.validBefore,
      valid: isValidAt(member, world.now()),
      thisDevice: member.recipient === own,
    })),
    readers: shown?.readers ?? [],
    changes: pinned ? describeChanges(pinned, here ?? nobody, fingerprintOf) : [],
  }
}

/** What a working tree without the files says. */
const nobody: TeamText = { members: [], readers: [], settings: noSettings }
