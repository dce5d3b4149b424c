/** What a new device tells its user, so that a member can let it in. */

import { parseSshPublicKey } from '../crypto/ssh-public-key.ts'
import { TeleportError } from '../errors.ts'
import { storeExists } from '../git-store/store.ts'
import { openUserRepo } from '../git-store/user-repo.ts'
import { joinLines } from './member.ts'
import { isMemberAt, teamPolicy } from './team.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

/** Null for a device that is a member already, by the policy accepted last for the remote of the repository around it. */
export async function joinTeam(
  world: World,
  publicKey: string,
): Promise<{ readonly line: string; readonly command: string } | null> {
  const { recipient } = parseSshPublicKey(publicKey)
  return (await isMemberHere(world, recipient)) ? null : joinLines(world, publicKey)
}

async function isMemberHere(world: World, recipient: string): Promise<boolean> {
  try {
    // A folder that is no repository, or one without a store, has seen no team; making a store is not init's business.
    const repo = await openUserRepo(world.cwd, world.env, { signal: world.signal })
    if (!(await storeExists(repo))) return false
    const team = await withWorkspace(world, {}, (ws) => teamPolicy(ws, 'pinned'))
    return isMemberAt(team, recipient, world.now()) !== null
  } catch (error) {
    // This is advice: what is wrong with the repository is told by the commands that need it.
    if (error instanceof TeleportError) return false
    throw error
  }
}
