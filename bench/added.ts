/** How many bytes came to a folder of sessions, compressed: what a perfect push would send. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import { filesBelow } from './native.ts'

/** The rest of files that grew, the whole of others that are new or changed; brotli as a segment has it. */
export async function compressedDelta(before: string, after: string): Promise<number> {
  const added: Buffer[] = []
  for (const name of await filesBelow(after)) {
    const now = await readFile(path.join(after, name))
    const old = await readFile(path.join(before, name)).catch(() => Buffer.alloc(0))
    const grew = now.length >= old.length && now.subarray(0, old.length).equals(old)
    added.push(grew ? now.subarray(old.length) : now)
  }
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 24 }
  return brotliCompressSync(Buffer.concat(added), { params }).length
}
