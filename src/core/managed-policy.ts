/** The policy that this machine's administrator sets: a system file that the user can neither write nor move. */

import { open } from 'node:fs/promises'
import { errnoOf, fileError } from '../errors.ts'
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
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return null
    throw fileError(error, `reading ${file}`)
  })
  if (!handle) return none
  try {
    // Of the open file: what the name stands for could be exchanged meanwhile.
    const { uid, mode, size } = await handle.stat()
    const why = policyOwner === null ? null : whyNotBelieved(uid, mode, policyOwner)
    if (why !== null) {
      world.note(`the managed policy ${file} is left out: ${why}`)
      return none
    }
    const bytes = size > maxPolicyBytes ? new Uint8Array(maxPolicyBytes + 1) : await handle.readFile()
    const found = parseSettings(file, decodePolicy(file, bytes), { trust: true })
    for (const note of found.notes) world.note(note)
    return found
  } finally {
    await handle.close()
  }
}

function whyNotBelieved(uid: number, mode: number, owner: number): string | null {
  if (uid !== owner) return `it belongs to user ${uid}, not ${owner}`
  return (mode & 0o022) === 0 ? null : 'others may write it'
}
