/** Prints an error on stderr, for people or for programs, and tells its exit code. */

import type { TeleportError } from '../errors.ts'
import type { Io } from './io.ts'
import { safe, safeLines } from './text.ts'

export function reportError(io: Io, error: TeleportError, json: boolean): number {
  io.stderr.write(json ? asJson(error) : asText(error))
  return error.exitCode
}

function asText(error: TeleportError): string {
  const hint = error.hint === undefined ? '' : `git-teleport: hint: ${safeLines(error.hint)}\n`
  return `git-teleport: error: ${safe(error.message)}\n${hint}`
}

function asJson(error: TeleportError): string {
  const { code, message, data } = error
  const hint = error.hint ?? null
  return `${JSON.stringify({ version: 1, error: { code, message, hint, ...(data ? { data } : {}) } })}\n`
}
