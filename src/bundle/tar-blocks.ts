/** The one spelling of a tar entry: its header follows from name and size alone. Pure. */

import { Header } from 'tar/header'
import { Pax } from 'tar/pax'
import { TeleportError } from '../errors.ts'

export const blockSize = 512

/** Two empty blocks, which end the archive. */
export const tarEnd: Uint8Array = Buffer.alloc(2 * blockSize)

/**
 * The blocks before the bytes of a regular file: mode 0600, time 0, owner 0, no owner's name. Names that do not fit
 * into a ustar header and sizes from 8 GiB get a pax header in front.
 */
export function tarHeader(name: string, size: number): Uint8Array {
  const block = Buffer.alloc(blockSize)
  if (!header('File', name, size).encode(block)) return block
  const body = Buffer.from(new Pax({ path: name, size }).encodeBody())
  const pax = Buffer.alloc(blockSize)
  header('ExtendedHeader', 'pax', body.length).encode(pax)
  return Buffer.concat([pax, body, tarPadding(body.length), block])
}

/** The zero bytes after a file of `size` bytes. */
export function tarPadding(size: number): Uint8Array {
  return Buffer.alloc((blockSize - (size % blockSize)) % blockSize)
}

/** Bytes of an archive that holds these files in this order. */
export function tarSize(files: Iterable<{ readonly name: string; readonly size: number }>): number {
  let total = tarEnd.length
  for (const { name, size } of files)
    total += headerSize(name, size) + Math.ceil(size / blockSize) * blockSize
  return total
}

/** The size that a header block declares for the file `name`. Throws `damaged-bundle` or `unsafe-bundle`. */
export function declaredSize(block: Uint8Array, name: string): number {
  const header = decode(block)
  if (header?.path !== name || header.size === undefined) throw mismatch(block, name)
  return header.size
}

/** The error for a header that is not the one of `name`: `unsafe-bundle` for links, devices and the like. */
export function mismatch(block: Uint8Array, name: string): TeleportError {
  const type = decode(block)?.type
  if (type !== undefined && type !== 'File' && type !== 'Unsupported') {
    return new TeleportError('unsafe-bundle', `a ${type} entry stands where "${name}" should be`)
  }
  return new TeleportError('damaged-bundle', `"${name}" has a wrong header`)
}

/** Short names and sizes always fit, and there may be 100,000 of them. */
function headerSize(name: string, size: number): number {
  return name.length < 100 && size < 2 ** 33 ? blockSize : tarHeader(name, size).length
}

/** Node-tar's own way to set the fields is ten times slower, and there may be 100,000 headers. */
function header(type: 'File' | 'ExtendedHeader', path: string, size: number): Header {
  const fields = { type, path, size, mode: 0o600, uid: 0, gid: 0, mtime: epoch, uname: '', gname: '' }
  return Object.assign(new Header(), fields)
}

const epoch = new Date(0)

/** `undefined` for blocks that node-tar cannot take or whose checksum is wrong. */
function decode(block: Uint8Array): Header | undefined {
  try {
    const header = new Header(Buffer.from(block.buffer, block.byteOffset, block.byteLength))
    return header.cksumValid ? header : undefined
  } catch {
    return undefined
  }
}
