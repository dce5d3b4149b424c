/** Reads a tar stream that must be spelled as `writeTar` does: nothing else is ever interpreted. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import type { Sha256 } from '../model.ts'
import { emptySha256 } from './chain.ts'
import { blockSize, declaredSize, mismatch, tarEnd, tarHeader, tarPadding } from './tar-blocks.ts'

export interface TarReader {
  /** The first entry, whole. Throws `unsafe-bundle` when it declares more than `maxBytes`. */
  table(name: string, maxBytes: number): Promise<Uint8Array>
  /** The next entry: `use` gets its bytes, whose digest has been checked when they end; what it leaves is drained. */
  file(
    expected: { readonly name: string; readonly size: number; readonly sha256: Sha256 },
    use: (content: AsyncIterable<Uint8Array>) => Promise<void>,
  ): Promise<void>
  /** The end of the archive and of the stream. */
  end(): Promise<void>
}

/** Every method throws `damaged-bundle` or `unsafe-bundle`; errors of the stream itself pass. The caller ends `next`. */
export function readTar(stream: AsyncIterator<Uint8Array>): TarReader {
  let rest: Uint8Array = new Uint8Array(0)

  /** At least one byte and at most `max`, or none at the end. */
  const take = async (max: number): Promise<Uint8Array> => {
    while (rest.length === 0) {
      const { done, value } = await stream.next()
      if (done) return rest
      rest = value
    }
    const chunk = rest.subarray(0, max)
    rest = rest.subarray(chunk.length)
    return chunk
  }

  const exactly = async (size: number): Promise<Uint8Array> => {
    const all = Buffer.alloc(size)
    for (let filled = 0; filled < size; ) {
      const chunk = await take(size - filled)
      if (chunk.length === 0) throw damaged('a tar stream is cut off')
      all.set(chunk, filled)
      filled += chunk.length
    }
    return all
  }

  const header = async (name: string, size: number): Promise<void> => {
    const expected = tarHeader(name, size)
    const found = await exactly(expected.length)
    if (Buffer.compare(found, expected) !== 0) throw mismatch(found, name)
  }

  const padding = async (size: number): Promise<void> => {
    const expected = tarPadding(size)
    if (Buffer.compare(await exactly(expected.length), expected) !== 0)
      throw damaged('tar padding is not empty')
  }

  return {
    async table(name, maxBytes) {
      const block = await exactly(blockSize)
      const size = declaredSize(block, name)
      if (size > maxBytes) throw new TeleportError('unsafe-bundle', `"${name}" has ${size} bytes`)
      if (Buffer.compare(block, tarHeader(name, size)) !== 0) throw mismatch(block, name)
      const bytes = await exactly(size)
      await padding(size)
      return bytes
    },

    async file({ name, size, sha256 }, use) {
      await header(name, size)
      const hash = createHash('sha256')
      let left = size
      let good = size === 0 && sha256 === emptySha256
      const advance = async (): Promise<Uint8Array> => {
        const chunk = await take(left)
        if (chunk.length === 0) throw damaged(`"${name}" is cut off`)
        hash.update(chunk)
        left -= chunk.length
        if (left === 0) good = hash.digest('hex') === sha256
        if (left === 0 && !good) throw damaged(`"${name}" has a wrong digest`)
        return chunk
      }
      const content = async function* (): AsyncIterable<Uint8Array> {
        while (left > 0) yield await advance()
      }
      await use(content())
      while (left > 0) await advance()
      // Also for a consumer that swallowed the error above, and for an empty file.
      if (!good) throw damaged(`"${name}" has a wrong digest`)
      await padding(size)
    },

    async end() {
      if (Buffer.compare(await exactly(tarEnd.length), tarEnd) !== 0)
        throw damaged('a tar stream has more entries')
      if ((await take(1)).length > 0) throw damaged('something follows the end of a tar stream')
    },
  }
}

function damaged(message: string): TeleportError {
  return new TeleportError('damaged-bundle', message)
}
