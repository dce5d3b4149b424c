/** Parses JSON of outside origin: bounded depth, strict UTF-8, and the format's version looked at first. Pure. */

import { TeleportError } from '../errors.ts'

const maxDepth = 32

/** The value in `bytes`. Throws `damaged-bundle`; `what` names the document. */
export function parseJson(bytes: Uint8Array, what: string): unknown {
  checkDepth(bytes, what)
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes))
  } catch (cause) {
    // The cause of a syntax error quotes the text, so it is not kept.
    const reason = cause instanceof SyntaxError ? 'JSON' : 'UTF-8'
    throw new TeleportError('damaged-bundle', `${what} is not ${reason}`)
  }
}

/** Passes version 1. Throws `format-too-new`, `format-too-old`, or `damaged-bundle` where there is no number. */
export function checkFormat(version: unknown, what: string): void {
  if (version === 1) return
  if (typeof version !== 'number' || !Number.isSafeInteger(version)) {
    throw new TeleportError('damaged-bundle', `${what} states no format version`)
  }
  if (version > 1) {
    throw new TeleportError('format-too-new', `${what} has format ${version}, and this program knows 1`, {
      hint: 'npm install --global git-teleport@latest',
      data: { format: version },
    })
  }
  throw new TeleportError('format-too-old', `${what} has format ${version}, which is no longer read`, {
    hint: 'push it again with the current git-teleport',
    data: { format: version },
  })
}

/** The member `key` of a JSON object, if it is one and has it as its own. */
export function memberOf(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined
  return Object.getOwnPropertyDescriptor(value, key)?.value
}

/** JSON.parse recurses; brackets are counted first so that no input can exhaust the stack. */
function checkDepth(bytes: Uint8Array, what: string): void {
  let depth = 0
  let inString = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]
    if (inString) {
      if (byte === 0x5c) at++
      else if (byte === 0x22) inString = false
    } else if (byte === 0x22) inString = true
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) {
        throw new TeleportError('damaged-bundle', `${what} is nested deeper than ${maxDepth}`)
      }
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
}
