/** `key rotate`: a new key for this device; the old one is kept to read with, and one's live sessions move over. */

import { generateDeviceKey } from '../crypto/device-key.ts'
import { restoreKeyFile, retireKeyFile } from '../crypto/old-keys.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { knownStores } from '../git-store/known-stores.ts'
import { userIdentity } from '../git-store/user-repo.ts'
import type { DeviceId } from '../model.ts'
import { formatSignerLine } from '../trust/allowed-signers.ts'
import { agentPlace, agentStoreOf } from './agent-place.ts'
import { defaultKeyPath, keySource, loadDevice } from './device.ts'
import { keyComment } from './key.ts'
import { knownPeople, type People } from './people.ts'
import { type Rewrapped, rewrapIn } from './rewrap.ts'
import { storeListPath, type Workspace, withLockedWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface RotateOptions {
  readonly remote?: string | undefined
  readonly passphrase?: string | undefined
}

export interface Rotation {
  readonly device: DeviceId
  readonly publicKey: string
  readonly path: string
  readonly old: { readonly device: DeviceId; readonly recipient: string; readonly path: string }
  /** For `.teleport/allowed_signers`, beside the line with the old key, which goes; null outside of a repository. */
  readonly signerLine: string | null
  /** Live sessions of this repository. */
  readonly sessions: readonly Rewrapped[]
  /** Other repositories on this machine that have sessions. */
  readonly otherStores: readonly string[]
}

/** Asks first. Throws `usage` for a key that the user chose or handed in: that is not ours to replace. */
export async function rotateKey(world: World, options: RotateOptions): Promise<Rotation> {
  const old = await loadDevice(world)
  const path = await ownKeyPath(world)
  if (!(await world.confirm(`Make a new key for this device, in the place of ${old.id}?`))) {
    throw new TeleportError('interrupted', 'nothing was changed')
  }
  const mark = formatTime(world.now()).replace(/[-:]/g, '')
  const oldPath = await retireKeyFile(path, mark)
  const comment = keyComment(world)
  const passphrase = options.passphrase === undefined ? {} : { passphrase: options.passphrase }
  const key = await generateDeviceKey(path, { comment, ...passphrase }).catch(async (error: unknown) => {
    await restoreKeyFile(oldPath, path)
    throw error
  })
  const here = await moveSessions(world, options, old.publicKey.recipient)
  return {
    device: key.id,
    publicKey: `${key.publicKey.recipient} ${comment}`,
    path,
    old: { device: old.id, recipient: old.publicKey.recipient, path: oldPath },
    signerLine: here && formatSignerLine({ ...here.signer, recipient: key.publicKey.recipient }, comment),
    sessions: here?.sessions ?? [],
    otherStores: (await knownStores(storeListPath(world))).filter((dir) => !here?.stores.includes(dir)),
  }
}

async function ownKeyPath(world: World): Promise<string> {
  const source = await keySource(world)
  const path = defaultKeyPath(world)
  if ('path' in source && source.path === path) return path
  const where = 'path' in source ? source.path : 'in GIT_TELEPORT_IDENTITY'
  throw new TeleportError('usage', `the key ${where} is one that you chose, and is not replaced`, {
    hint: 'git teleport init --key <the new key file>',
  })
}

interface Moved {
  readonly sessions: readonly Rewrapped[]
  readonly signer: Pick<Parameters<typeof formatSignerLine>[0], 'principal' | 'validAfter' | 'validBefore'>
  /** Of this repository: the command line's and, where there is one, that of programs. */
  readonly stores: readonly string[]
}

/** Null where there is no repository with a remote: then there are no sessions to move. */
async function moveSessions(world: World, options: RotateOptions, old: string): Promise<Moved | null> {
  try {
    const { programs, ...here } = await withLockedWorkspace(world, options, async (ws) => {
      const device = await loadDevice(world, ws.repo)
      const people = await knownPeople(ws, device, 'fresh')
      const sessions = await rewrapIn(ws, device, people, { sessions: [] })
      const programs = await agentStoreOf(ws.repo)
      return { sessions, signer: await signerOf(ws, people, old), stores: [ws.store.dir], programs }
    })
    if (programs === undefined) return here
    const sessions = await withProgramsCopies(world, options, here.sessions)
    return { ...here, sessions, stores: [...here.stores, programs] }
  } catch (error) {
    if (hasCode(error, 'no-repository') || hasCode(error, 'no-remote')) return null
    // The key is there already. What could not be moved now can be moved later.
    if (!(error instanceof TeleportError)) throw error
    world.note(
      `the sessions here were not moved to the new key (${error.message}): git teleport rewrap --all`,
    )
    return null
  }
}

/** What programs keep here has no copy that the command line knows: it is encrypted anew from theirs. */
async function withProgramsCopies(
  world: World,
  { remote }: RotateOptions,
  sessions: readonly Rewrapped[],
): Promise<readonly Rewrapped[]> {
  const failed = sessions.filter(({ error }) => error?.code === 'no-session').map(({ session }) => session)
  if (failed.length === 0) return sessions
  const moved = await rewrapPrograms(world, remote, failed).catch((error: unknown) => {
    if (!(error instanceof TeleportError)) throw error
    world.note(`what programs sent was not moved to the new key: ${error.message}`)
    return []
  })
  const theirs = new Map(moved.map((each) => [each.session, each]))
  return sessions.map((each) => {
    const found = theirs.get(each.session)
    return found && found.error?.code !== 'no-session' ? found : each
  })
}

async function rewrapPrograms(
  world: World,
  remote: string | undefined,
  sessions: readonly string[],
): Promise<readonly Rewrapped[]> {
  const place = await agentPlace(world, remote)
  return withLockedWorkspace(place.world, { remote }, async (ws) => {
    const device = await loadDevice(place.world, ws.repo)
    return rewrapIn(ws, device, await knownPeople(ws, device, 'fresh'), { sessions })
  })
}

async function signerOf(ws: Workspace, { team }: People, old: string): Promise<Moved['signer']> {
  const member = team?.members.find(({ recipient }) => recipient === old)
  const email = (await userIdentity(ws.repo))?.email ?? 'you@example.org'
  return { principal: member?.principal ?? email, validAfter: null, validBefore: null }
}
