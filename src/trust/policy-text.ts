/** What every policy file has in common: text of bounded size, and refusals that name file and line. Pure. */

import { TeleportError } from '../errors.ts'

export type PolicyFileName = 'allowed_signers' | 'recipients' | 'config'

export const policyFileNames = ['allowed_signers', 'recipients', 'config'] as const

/** The text of each file, null where it is missing. */
export type PolicyFiles = { readonly [Name in PolicyFileName]: string | null }

/** Largest policy file that is read, in bytes. */
export const maxPolicyBytes = 256 * 1024

/** Throws `bad-policy` for what is not UTF-8 or too large. */
export function decodePolicy(file: string, bytes: Uint8Array): string {
  if (bytes.length > maxPolicyBytes) {
    throw new TeleportError('bad-policy', `${file} has more than ${maxPolicyBytes} bytes`)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new TeleportError('bad-policy', `${file} is not UTF-8`, { cause })
  }
}

/** Lines without their ends, LF or CRLF. */
export function linesOf(text: string): readonly string[] {
  return text.split('\n').map((line) => line.replace(/\r$/, ''))
}

/** `bad-policy` for one line, counted from 1. */
export function badLine(file: string, line: number, why: string, cause?: unknown): TeleportError {
  return new TeleportError('bad-policy', `${file}, line ${line}: ${why}`, {
    hint: 'correct it in a pull request; until then nobody is let in by guessing',
    cause,
    data: { file, line },
  })
}
