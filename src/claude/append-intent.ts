/** What is about to be added to a transcript, as it lies beside it until it is there. Pure. */

import { createHash } from 'node:crypto'

/** What is being added, to which file: one that took its place since is none of its business. */
export interface Intent {
  readonly inode: string
  readonly at: number
  readonly length: number
  readonly sha256: string
  readonly lines: Buffer
}

/** A line about the bytes, then the bytes. */
export function formatIntent({ lines, ...about }: Intent): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify(about)}\n`), lines])
}

/** Undefined for what a crash made of it: then the last line feed is all that is known. */
export function parseIntent(bytes: Buffer): Intent | undefined {
  const end = bytes.indexOf(10)
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', 0, Math.max(0, end)))
    if (typeof value !== 'object' || value === null) return undefined
    if (!('inode' in value && 'at' in value && 'length' in value && 'sha256' in value)) return undefined
    const { inode, at, length, sha256 } = value
    if (typeof inode !== 'string' || typeof sha256 !== 'string') return undefined
    if (!Number.isSafeInteger(at) || !Number.isSafeInteger(length)) return undefined
    if (typeof at !== 'number' || typeof length !== 'number' || at < 0 || length < 0) return undefined
    const lines = bytes.subarray(end + 1)
    return lines.length === length && digest(lines) === sha256
      ? { inode, at, length, sha256, lines }
      : undefined
  } catch {
    return undefined
  }
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
