/** What redaction took out of a segment, for the sender's other devices: put together, tried, signed, encrypted, stored. */

import { createHash } from 'node:crypto'
import { compressBrotli } from '../bundle/codec.ts'
import type { PieceSource } from '../bundle/plan.ts'
import { openForDevice, sealForDevices } from '../crypto/device-envelope.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { type ErrorCode, TeleportError } from '../errors.ts'
import type { Spool } from '../git-store/spool.ts'
import { asSha256, type DeviceId, type Oid, type SegmentRow, type Sha256 } from '../model.ts'
import {
  applyPatches,
  encodeEdit,
  encodePatchHead,
  encodePieceEnd,
  encodePieceStart,
  type PatchSubject,
  parsePatches,
} from '../redact/patch.ts'
import { patchCursor } from './patch-cursor.ts'
import type { ExactBlobs, OpenTip } from './tip.ts'
import type { Workspace } from './workspace.ts'

/** As much as one part of a segment may have, and as one blob of the tree does. */
export const maxExactBytes = 32 * 1024 * 1024

/** A list, and which pieces of the segment that is written its pieces are now. */
export interface PartList {
  readonly list: Spool
  readonly subject: PatchSubject
  /** How many pieces come before its own. */
  readonly offset: number
}

/** Joins the lists of segments that became one. `keeps` says no to pieces whose bytes are left out now. */
export async function joinLists(
  lists: readonly PartList[],
  subject: PatchSubject,
  keeps: (piece: number) => boolean,
  into: Spool,
): Promise<number> {
  await into.write(encodePatchHead(subject))
  let pieces = 0
  for (const { list, subject: before, offset } of lists) {
    let begun = -1
    for await (const item of parsePatches(list.read(), before)) {
      const piece = offset + (item.kind === 'end' ? item.end.piece : item.piece)
      if (!keeps(piece)) continue
      if (piece !== begun) await into.write(encodePieceStart(piece))
      begun = piece
      if (item.kind === 'edit') {
        await into.write(encodeEdit(item.edit))
        continue
      }
      await into.write(encodePieceEnd({ ...item.end, piece }))
      pieces += 1
    }
  }
  return pieces
}

/** Another device would be given wrong bytes, signed: rather none are sent. Throws `bug`. */
export async function tryList(
  list: Spool,
  subject: PatchSubject,
  sources: readonly PieceSource[],
): Promise<void> {
  const cursor = patchCursor(parsePatches(list.read(), subject))
  try {
    for (const [index, source] of sources.entries()) {
      const items = await cursor.of(index)
      if (!items) continue
      for await (const _ of applyPatches(source.read(), items)) {
        // The end tells.
      }
    }
    if (!(await cursor.isDone())) throw new Error('a list names pieces that the segment does not have')
  } catch (cause) {
    throw new TeleportError('bug', 'what redaction took out does not lead back to the original', { cause })
  }
}

/** Null when it is too large to travel, which is said. `devices`: the readers among one's own. */
export async function storeList(
  ws: Workspace,
  device: DeviceKey,
  list: Spool,
  segment: SegmentRow,
  { subject, devices }: { readonly subject: PatchSubject; readonly devices: readonly string[] },
): Promise<{ readonly oid: Oid; readonly sizeBytes: number } | null> {
  const digest = createHash('sha256')
  for await (const chunk of list.read()) digest.update(chunk)
  const text = signedText(subject, segment.sha256[1], asSha256(digest.digest('hex')))
  const signature = Buffer.from(await device.sign(text))
  async function* content() {
    yield signature
    yield* list.read()
  }
  const sealed = await gather(
    sealForDevices(devices, compressBrotli(content(), signature.length + list.size())),
  )
  if (sealed) return { oid: await ws.store.objects.writeBlob(sealed), sizeBytes: sealed.length }
  ws.world.note(
    'what was taken out for others is too much to travel: your other devices get the redacted session',
  )
  return null
}

/**
 * What own devices (`ids`) took out, encrypted to `devices` too: those that were let in since. What this device cannot
 * open stays as it is.
 */
export async function resealParts(
  ws: Workspace,
  tip: OpenTip,
  ids: ReadonlySet<DeviceId>,
  devices: readonly string[],
): Promise<ExactBlobs> {
  const sealed = new Map<string, Map<DeviceId, Oid>>()
  for (const [name, blobs] of tip.objects.exact) {
    const changed = new Map(blobs)
    for (const [device, oid] of blobs) {
      const again = ids.has(device) ? await resealed(ws, tip, oid, devices) : null
      if (again) changed.set(device, await ws.store.objects.writeBlob(again))
    }
    sealed.set(name, changed)
  }
  return sealed
}

async function resealed(
  ws: Workspace,
  tip: OpenTip,
  oid: Oid,
  devices: readonly string[],
): Promise<Buffer | null> {
  try {
    const before = await ws.store.objects.readBlob(oid, maxExactBytes)
    async function* cipher() {
      yield before
    }
    return await gather(sealForDevices(devices, openForDevice(tip.key, cipher())))
  } catch (error) {
    return unlessUseless(error)
  }
}

/** Null for more than may travel. */
async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    chunks.push(chunk)
    size += chunk.length
    if (size > maxExactBytes) return null
  }
  return Buffer.concat(chunks)
}

const useless: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'damaged-bundle',
  'unsafe-bundle',
  'bad-signature',
  'bad-key',
  'not-a-reader',
  'format-too-new',
])

/** For `catch`: null for what only says that removed parts are of no use here. */
export function unlessUseless(error: unknown): null {
  if (error instanceof TeleportError && useless.has(error.code)) return null
  throw error
}

/** Begins like no git object, since the signature's namespace is theirs. */
export function signedText({ session, segment }: PatchSubject, content: Sha256, list: Sha256): Uint8Array {
  const lines = [
    'git-teleport removed parts 1',
    `session ${session}`,
    `segment ${segment}`,
    `content ${content}`,
    `list ${list}`,
  ]
  return Buffer.from(`${lines.join('\n')}\n`)
}
