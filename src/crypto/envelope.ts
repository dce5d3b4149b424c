/** What is encrypted to a session's own identity: manifest, segments, index entries. */

import type { Identity } from 'age-encryption'
import { TeleportError } from '../errors.ts'
import { openFile, openFileStream, sealFile, sealFileStream } from './age-file.ts'
import { parseX25519Identity, x25519Identity, x25519Recipient } from './age-x25519.ts'

/** `recipient` is the session's `age1…`. Throws `bad-key` for any other string. */
export function sealBytes(recipient: string, plain: Uint8Array): Promise<Uint8Array> {
  return sealFile([x25519Recipient(recipient)], plain)
}

/** Throws `damaged-bundle`, also when it is encrypted to another identity. */
export function openBytes(identity: string, sealed: Uint8Array): Promise<Uint8Array> {
  return openFile(identityOf(identity), sealed, foreign)
}

/** `sealBytes` of any length, in bounded memory. */
export function sealStream(recipient: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return sealFileStream([x25519Recipient(recipient)], source)
}

/**
 * `openBytes` of any length, in bounded memory. Each chunk is verified, but only the end of the iteration says that
 * none is missing: stage what it yields until then.
 */
export function openStream(identity: string, source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  return openFileStream(identityOf(identity), source, foreign)
}

let latest: { readonly text: string; readonly identity: Identity } | undefined

/** A listing opens thousands of entries with one identity, and parsing it costs half as much as opening one. */
function identityOf(text: string): Identity {
  if (latest?.text !== text) latest = { text, identity: x25519Identity(parseX25519Identity(text)) }
  return latest.identity
}

function foreign(): TeleportError {
  return new TeleportError(
    'damaged-bundle',
    "a file of the session is not encrypted to the session's identity",
  )
}
