/** Writes a tar stream in its one spelling, with no more than a chunk of it in memory. */

import { TeleportError } from '../errors.ts'
import type { Bytes } from './codec.ts'
import { tarEnd, tarHeader, tarPadding } from './tar-blocks.ts'

export interface TarFile {
  readonly name: string
  /** Bytes. */
  readonly size: number
  read(): Bytes
}

/** Throws `failed` when a file yields other than `size` bytes. */
export async function* writeTar(files: Iterable<TarFile>): AsyncIterable<Uint8Array> {
  for (const file of files) {
    yield tarHeader(file.name, file.size)
    let left = file.size
    for await (const chunk of file.read()) {
      left -= chunk.length
      if (left < 0) throw changed(file)
      yield chunk
    }
    if (left > 0) throw changed(file)
    yield tarPadding(file.size)
  }
  yield tarEnd
}

function changed({ name }: TarFile): TeleportError {
  return new TeleportError('failed', `"${name}" changed while it was read`, { hint: 'run the command again' })
}
