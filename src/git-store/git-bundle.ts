/** The header of a git bundle file, held to exactly what a session's code may say, and the pack behind it. */

import { type FileHandle, open } from 'node:fs/promises'
import { fileError, TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'

export interface BundleHeader {
  readonly refs: ReadonlyMap<string, Oid>
  /** Commits that the reader must have. */
  readonly needs: readonly Oid[]
  /** Where the pack begins. */
  readonly packAt: number
}

const maxHeaderBytes = 1024 * 1024

/** Throws `damaged-bundle`; `name` says which file. */
export async function readBundleHeader(file: string, name: string): Promise<BundleHeader> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    throw fileError(error, `reading ${name}`)
  })
  try {
    return parseBundleHeader(await firstBytes(handle), name)
  } finally {
    await handle.close()
  }
}

async function firstBytes(handle: FileHandle): Promise<Buffer> {
  const buffer = Buffer.alloc(maxHeaderBytes)
  const { bytesRead } = await handle.read(buffer, 0, maxHeaderBytes, 0)
  return buffer.subarray(0, bytesRead)
}

/** Pure. Version 2, and version 3 with no capability but the object format: no filters. */
export function parseBundleHeader(bytes: Buffer, name: string): BundleHeader {
  const end = bytes.indexOf('\n\n')
  const lines = bytes.subarray(0, Math.max(end, 0)).toString('latin1').split('\n')
  const [signature, ...rest] = lines
  if (end < 0 || !/^# v[23] git bundle$/.test(signature ?? '')) throw damaged(name)
  const refs = new Map<string, Oid>()
  const needs: Oid[] = []
  for (const line of rest) {
    if (/^@object-format=sha(?:1|256)$/.test(line)) continue
    const [, minus, oid = '', ref = ''] = /^(-?)([0-9a-f]{40,64})(?: (.*))?$/s.exec(line) ?? []
    if (!isOid(oid)) throw damaged(name)
    if (minus === '-') needs.push(oid)
    else if (ref === '' || refs.has(ref)) throw damaged(name)
    else refs.set(ref, oid)
  }
  return { refs, needs, packAt: end + 2 }
}

function damaged(name: string): TeleportError {
  return new TeleportError('damaged-bundle', `${name} is not a git bundle of the expected form`)
}
