/** The policy that this machine's administrator sets: a system file that the user can neither write nor move. */

import { readOwnedFile } from '../trust/owned-file.ts'
import { decodePolicy, maxPolicyBytes } from '../trust/policy-text.ts'
import { noSettings, parseSettings, type ReadSettings } from '../trust/settings.ts'
import type { World } from './world.ts'

const none: ReadSettings = { settings: noSettings, trusted: [], notes: [] }

const known = new WeakMap<World, Promise<ReadSettings>>()

/**
 * Read once in a command. A file that another user may write is nobody's policy: it is left out, with a warning. Throws
 * `bad-policy` for one that cannot be read: what it forbids must not be allowed by a typing error.
 */
export function readManagedPolicy(world: World): Promise<ReadSettings> {
  const read = known.get(world) ?? readOnce(world)
  known.set(world, read)
  return read
}

async function readOnce(world: World): Promise<ReadSettings> {
  const { policyFile: file, policyOwner } = world.system
  const found = await readOwnedFile(file, policyOwner, maxPolicyBytes)
  if (found.kind === 'left-out') world.note(`the managed policy ${file} is left out: ${found.why}`)
  if (found.kind !== 'read') return none
  const read = parseSettings(file, decodePolicy(file, found.bytes), { trust: true })
  for (const note of read.notes) world.note(note)
  return read
}
