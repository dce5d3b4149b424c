/** Builds tar streams by hand, hostile ones too: the counterpart of the strict reader. */

import { brotliCompressSync, constants } from 'node:zlib'
import { Header } from 'tar/header'
import type { Limits } from '../../src/bundle/limits.ts'
import { encodePieces } from '../../src/bundle/pieces.ts'
import { type UnpackHandler, unpackSegment } from '../../src/bundle/unpack.ts'
import type { PieceRow } from '../../src/model.ts'
import { chunked, digest } from './support.ts'

export type Fields = ConstructorParameters<typeof Header>[0] & object

/** A header block with any fields; `patch` changes the block after its checksum was computed. */
export function headerBlock(fields: Fields): Buffer {
  const block = Buffer.alloc(512)
  new Header({
    mode: 0o600,
    uid: 0,
    gid: 0,
    uname: '',
    gname: '',
    mtime: new Date(0),
    type: 'File',
    ...fields,
  }).encode(block)
  return block
}

export function tarEntry(name: string, content: Uint8Array | string, fields: Fields = {}): Buffer {
  const bytes = Buffer.from(content)
  const padding = Buffer.alloc((512 - (bytes.length % 512)) % 512)
  return Buffer.concat([headerBlock({ path: name, size: bytes.length, ...fields }), bytes, padding])
}

export const tarEnd = Buffer.alloc(1024)

export function tableEntry(rows: readonly PieceRow[]): Buffer {
  return tarEntry('pieces.json', encodePieces(rows))
}

export const brotli = (plain: Uint8Array, quality = 5) =>
  brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: quality } })

export const ignore: UnpackHandler = {
  pieces() {},
  async piece(_row, content) {
    for await (const _ of content);
  },
}

/** Unpacks a tar stream as if a manifest had declared it truthfully. */
export function unpackPlain(
  plain: Uint8Array,
  handler: UnpackHandler = ignore,
  over: { plainSize?: number; compressed?: AsyncIterable<Uint8Array>; limits?: Limits } = {},
): Promise<readonly PieceRow[]> {
  return unpackSegment(over.compressed ?? chunked(brotli(plain, 1)), handler, {
    plainSize: over.plainSize ?? plain.length,
    plainSha256: digest(plain),
    ...(over.limits ? { limits: over.limits } : {}),
  })
}
