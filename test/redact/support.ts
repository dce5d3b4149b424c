/** Pieces of content for the redactor's tests. */

import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Edit } from '../../src/redact/patch.ts'
import { createRedactor, type RedactorOptions } from '../../src/redact/redactor.ts'
import { dig, recordsIn } from '../support/json.ts'

const file = path.resolve(import.meta.dirname, '../../../fixtures/redact/planted.json')

export interface Planted {
  readonly kind: string
  readonly secret: string
  /** With the secret in its place. */
  readonly text: string
}

/** Invented secrets of 48 kinds. They lie in parts, so that no scanner of repositories takes them for real. */
export function plantedSecrets(): readonly Planted[] {
  const document: unknown = JSON.parse(readFileSync(file, 'utf8'))
  return recordsIn(dig(document, 'planted')).map((each) => {
    const { kind, text, parts } = each
    if (typeof kind !== 'string' || typeof text !== 'string' || !Array.isArray(parts))
      throw new Error('bad fixture')
    const secret = parts.join('')
    return { kind, secret, text: text.replace('{}', () => secret) }
  })
}

export const testKey = new Uint8Array(32).fill(7)

/** An invented token, never spelled as a whole. */
export const token = `gh${'p_'}8GZcX4mQ2LrT7vNw1YbK5sHd9JfA3eUoWi6R`

const plain = createRedactor({ knownValues: [], hmacKey: testKey })

/** Making one costs some milliseconds; the plain one is shared. */
export function redactorWith({ knownValues, hmacKey }: Partial<RedactorOptions> = {}) {
  if (!knownValues && !hmacKey) return plain
  return createRedactor({ knownValues: knownValues ?? [], hmacKey: hmacKey ?? testKey })
}

export interface Redacted {
  readonly output: Buffer
  readonly edits: readonly Edit[]
  readonly findings: readonly (readonly [string, number])[]
}

/** @param chunkBytes in which the content comes */
export async function redactAll(
  name: string,
  content: string | Uint8Array,
  options: Partial<RedactorOptions> & { readonly chunkBytes?: number } = {},
): Promise<Redacted> {
  const redactor = await redactorWith(options)
  const edits: Edit[] = []
  const findings: (readonly [string, number])[] = []
  const output: Uint8Array[] = []
  const stream = redactor.redactPiece(name, chunksOf(Buffer.from(content), options.chunkBytes ?? 65_536), {
    edit: (edit) => void edits.push(edit),
    finding: (rule, line) => void findings.push([rule, line]),
  })
  for await (const chunk of stream) output.push(Buffer.from(chunk))
  return { output: Buffer.concat(output), edits, findings }
}

export async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** What the patches make of the output. */
export function patched(output: Uint8Array, edits: readonly Edit[]): Buffer {
  const parts: Uint8Array[] = []
  let at = 0
  for (const edit of edits) {
    parts.push(output.subarray(at, edit.at), edit.original)
    at = edit.at + edit.length
  }
  return Buffer.concat([...parts, output.subarray(at)])
}
