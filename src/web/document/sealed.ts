/** The age file within a page: opened by a passphrase, it is a row of blocks. */

import { Decrypter } from 'age-encryption'
import { type Blocks, fromBase64 } from './blocks.ts'

/** The parts of the age file, which stand in elements that no browser runs. */
export function sealedBytes(): Uint8Array<ArrayBuffer> {
  const elements = document.querySelectorAll('script[type="text/plain"][data-sealed]')
  const parts = [...elements].map((element) => fromBase64(element.textContent ?? ''))
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** Undefined for a wrong passphrase. Rejects for what is damaged. */
export async function openSealed(
  sealed: Uint8Array<ArrayBuffer>,
  passphrase: string,
): Promise<Blocks | undefined> {
  const asked = new Decrypter()
  asked.addPassphrase(passphrase)
  const fileKey = await asked.decryptHeader(headerOf(sealed)).catch(() => undefined)
  if (!fileKey) return undefined
  const decrypter = new Decrypter()
  decrypter.addIdentity({ unwrapFileKey: () => fileKey })
  return splitBlocks(await decrypter.decrypt(sealed))
}

/** Of an age file with one passphrase. Throws for anything else. */
function headerOf(sealed: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const start = new TextDecoder('latin1').decode(sealed.subarray(0, 1024))
  const header = /^age-encryption\.org\/v1\n-> scrypt [^\n]+\n[^\n]+\n--- [^\n]+\n/.exec(start)?.[0]
  if (header === undefined) throw new Error('not a file under a passphrase')
  return sealed.slice(0, header.length)
}

/** Each block stands behind its length, four bytes, the highest first. */
function splitBlocks(bytes: Uint8Array): Blocks {
  const starts: number[] = []
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at < bytes.length; at += 4 + view.getUint32(at)) starts.push(at)
  return {
    count: starts.length,
    read(at) {
      const start = starts[at] ?? 0
      return bytes.slice(start + 4, start + 4 + view.getUint32(start))
    },
  }
}
