/**
 * Where conversations may go by themselves: said by the user, and kept with the user. A repository that comes with a
 * store of its own, as an unpacked archive may, cannot say it.
 */

import path from 'node:path'
import { label, time } from '../bundle/fields.ts'
import { check, list, object, oneOf, text } from '../bundle/shape.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { withFolderLock } from '../git-store/lock.ts'
import { userFolder } from './user-folder.ts'
import type { World } from './world.ts'

export interface Consent {
  /** Absolute path of the store: all work trees of one clone. */
  readonly store: string
  readonly remote: string
  /** Where that name led when the user said so. */
  readonly url: string
  /** UTC. */
  readonly since: string
}

const place = text(32_767)
const shape = object({
  format: oneOf(1),
  places: list(object({ store: place, remote: label, url: text(8192), since: time }), 10_000),
})

export function consentsPath(world: World): string {
  return path.join(userFolder(world), 'automatic.json')
}

/** Null where nobody said so. A file that cannot be read is as good as none. */
export async function consentFor(world: World, storeDir: string): Promise<Consent | null> {
  return (await readConsents(world)).find(({ store }) => store === storeDir) ?? null
}

/** `null` takes it back. */
export async function setConsent(
  world: World,
  storeDir: string,
  consent: Omit<Consent, 'store'> | null,
): Promise<void> {
  // The file is that of all repositories, and another one may be saying something at this moment.
  await withFolderLock(userFolder(world), async () => {
    const others = (await readConsents(world)).filter(({ store }) => store !== storeDir)
    const places = consent === null ? others : [...others, { store: storeDir, ...consent }]
    await writeJson(consentsPath(world), { format: 1, places }, { pretty: true })
  })
}

async function readConsents(world: World): Promise<readonly Consent[]> {
  const value = await readCachedJson(consentsPath(world))
  if (value === undefined) return []
  try {
    return check(shape, value, 'automatic.json', 'store-damaged').places
  } catch {
    return []
  }
}
