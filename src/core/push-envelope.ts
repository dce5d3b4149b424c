/** The session's own key and who may open it, for the next push. */

import type { DeviceKey } from '../crypto/device-key.ts'
import { newIdentity, sealIdentity } from '../crypto/session-identity.ts'
import type { Oid } from '../model.ts'
import { type Base, continuedState } from './push-base.ts'
import { type OpenTip, openTip, readTip, type Tip } from './tip.ts'
import type { Workspace } from './workspace.ts'

export interface Envelope {
  /** The session's age recipient: all that encrypting needs. */
  readonly recipient: string
  readonly keyAge: Oid
  /** Bytes of a new `key.age`, else 0. */
  readonly newBytes: number
  /** The commit that the log continues; null when it starts here. */
  readonly tip: Tip | null
  /** Decrypts that commit, once. Null when that would have to ask for a passphrase. */
  readonly open: (() => Promise<OpenTip>) | null
}

/**
 * A new log gets an identity of its own. An existing one keeps it, so that a push needs no decryption key,
 * unless readers were added: then `key.age` is written anew.
 */
export async function prepareEnvelope(
  ws: Workspace,
  device: DeviceKey,
  base: Base,
  readers: readonly string[],
): Promise<Envelope> {
  const previous = continuedState(base)
  if (!previous) return newEnvelope(ws, readers)
  const tip = await readTip(ws, previous.session, previous.commit)
  const open = once(() => openTip(ws, tip, device))
  if (previous.audience.join('\n') === readers.join('\n')) {
    return {
      recipient: previous.recipient,
      keyAge: tip.objects.keyAge,
      newBytes: 0,
      tip,
      // A session for post-quantum readers only is not for this device, which pushes to it all the same.
      open: device.isUnlocked() && readers.includes(device.publicKey.recipient) ? open : null,
    }
  }
  const { identity, recipient } = await open()
  const sealed = await sealIdentity(identity, readers)
  return { recipient, keyAge: await ws.store.objects.writeBlob(sealed), newBytes: sealed.length, tip, open }
}

async function newEnvelope(ws: Workspace, readers: readonly string[]): Promise<Envelope> {
  const { identity, recipient } = await newIdentity()
  const sealed = await sealIdentity(identity, readers)
  return {
    recipient,
    keyAge: await ws.store.objects.writeBlob(sealed),
    newBytes: sealed.length,
    tip: null,
    open: null,
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make()
    return made
  }
}
