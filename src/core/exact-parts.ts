/** Puts back what redaction took out of a segment, where an own device has signed what that was. */

import { createHash } from 'node:crypto'
import { decompressBrotli } from '../bundle/codec.ts'
import { defaultLimits } from '../bundle/limits.ts'
import { openForDevice } from '../crypto/device-envelope.ts'
import { deviceIdOf } from '../crypto/ssh-public-key.ts'
import { verifySshSignature } from '../crypto/sshsig.ts'
import { TeleportError } from '../errors.ts'
import type { Spool } from '../git-store/spool.ts'
import { asSha256, type Oid, type PieceRow, type SegmentRow } from '../model.ts'
import { byteReader } from '../redact/byte-reader.ts'
import { applyPatches, type PatchSubject, parsePatches } from '../redact/patch.ts'
import { patchCursor } from './patch-cursor.ts'
import { maxExactBytes, signedText } from './removed-parts.ts'
import type { OpenTip } from './tip.ts'
import type { Workspace } from './workspace.ts'

/** What one list says of a segment. Its signature is good, and its form. */
export interface ExactParts {
  readonly list: Spool
  readonly subject: PatchSubject
  /** Whether its edits lie within these rows and lead to the sizes that it says. */
  fits(rows: readonly PieceRow[]): boolean
  /** The original bytes of the segment's pieces, to be asked for in their order. */
  restorer(): (piece: number, content: AsyncIterable<Uint8Array>) => Promise<AsyncIterable<Uint8Array>>
}

/** What one piece's edits come to. */
interface Extent {
  readonly piece: number
  /** The redacted bytes that they need, and those that must be there in all. */
  readonly reach: number
  readonly size: number
}

/**
 * What the segment's own writer took out of it; null when there is nothing. When that is damaged, signed by
 * anyone else or not for this device, it throws what `unlessUseless` takes: then the segment stays as it is.
 * @param own recipients of one's own devices
 */
export async function openExactParts(
  ws: Workspace,
  tip: OpenTip,
  segment: SegmentRow,
  own: readonly string[],
  open: () => Promise<Spool>,
): Promise<ExactParts | null> {
  const blob = tip.objects.exact.get(segment.name)?.get(segment.by)
  if (blob === undefined) return null
  const subject: PatchSubject = { session: tip.session, segment: segment.name }
  const list = await open()
  const { signature, digest } = await unpack(ws, tip, blob, list)
  const signer = verifySshSignature(signature, signedText(subject, segment.sha256[1], asSha256(digest)))
  if (deviceIdOf(signer.blob) !== segment.by || !own.includes(signer.recipient))
    throw new TeleportError('bad-signature', 'the removed parts are signed by another device')
  const extents = await extentsOf(list, subject)
  return {
    list,
    subject,
    fits: (rows) => extents.every((extent) => isWithin(extent, rows[extent.piece])),
    restorer() {
      const cursor = patchCursor(parsePatches(list.read(), subject))
      return async (piece, content) => {
        const items = await cursor.of(piece)
        return items ? applyPatches(content, items) : content
      }
    },
  }
}

async function unpack(
  ws: Workspace,
  tip: OpenTip,
  blob: Oid,
  list: Spool,
): Promise<{ readonly signature: string; readonly digest: string }> {
  const sealed = await ws.store.objects.readBlob(blob, maxExactBytes)
  async function* cipher() {
    yield sealed
  }
  const plain = decompressBrotli(
    openForDevice(tip.key, cipher()),
    defaultLimits.maxBytes,
    'the list of removed parts',
  )
  const reader = byteReader(plain)
  const signature = await readSignature(reader)
  const digest = createHash('sha256')
  for await (const chunk of reader.stream(Number.POSITIVE_INFINITY)) {
    digest.update(chunk)
    await list.write(chunk)
  }
  return { signature, digest: digest.digest('hex') }
}

const lastLine = '-----END SSH SIGNATURE-----'

async function readSignature(reader: ReturnType<typeof byteReader>): Promise<string> {
  let text = ''
  for (let count = 0; count < 200; count += 1) {
    const line = await reader.line(100)
    if (line === 'none' || line === 'too-long') break
    text += `${line.text}\n`
    if (line.text === lastLine) return text
  }
  throw new TeleportError('bad-signature', 'the removed parts do not begin with a signature')
}

async function extentsOf(list: Spool, subject: PatchSubject): Promise<readonly Extent[]> {
  const extents: Extent[] = []
  let [reach, gain] = [0, 0]
  for await (const item of parsePatches(list.read(), subject)) {
    if (item.kind === 'edit') {
      reach = item.edit.at + item.edit.length
      gain += item.edit.original.length - item.edit.length
      continue
    }
    extents.push({ piece: item.end.piece, reach, size: item.end.size - gain })
    reach = 0
    gain = 0
  }
  return extents
}

function isWithin({ reach, size }: Extent, row: PieceRow | undefined): boolean {
  return row !== undefined && row.op !== 'gone' && !row.dropped && row.size === size && reach <= size
}
