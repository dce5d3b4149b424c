/** Small and large files in the scratch folder. All throw `failed` and `disk-full`. */

import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { fileError } from '../errors.ts'
import type { Scratch } from './scratch.ts'

/** A new file; returns its path. Errors of the source pass unchanged. */
export async function writeScratch(
  scratch: Scratch,
  name: string,
  content: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): Promise<string> {
  const file = scratch.path(name)
  await pipeline(content, createWriteStream(file, { flags: 'wx', mode: 0o600 })).catch((error: unknown) => {
    throw fileError(error, `writing ${file}`)
  })
  return file
}

/** Adds the whole of each file to the first, which has its path returned. */
export async function joinFiles(files: readonly string[]): Promise<string> {
  const [first = '', ...rest] = files
  for (const file of rest) {
    const bytes = await readSmall(file)
    await pipeline([bytes], createWriteStream(first, { flags: 'a' })).catch((error: unknown) => {
      throw fileError(error, `writing ${first}`)
    })
  }
  return first
}

export async function readSmall(file: string): Promise<Buffer> {
  return readFile(file).catch((error: unknown) => {
    throw fileError(error, `reading ${file}`)
  })
}
