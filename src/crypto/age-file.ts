/** A whole age file: header, MAC and payload, for any recipients and identities of typage's interface. */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Identity, Recipient } from 'age-encryption'
import { TeleportError } from '../errors.ts'
import { type AgeHeader, formatHeader, headerLimits, parseHeader } from './age-header.ts'
import { openPayload, openPayloadBytes, sealPayload, sealPayloadBytes } from './age-payload.ts'
import { type ByteReader, byteReader } from './byte-reader.ts'
import { hkdf } from './hkdf.ts'
import { joinBytes } from './join-bytes.ts'

const fileKeyBytes = 16
const nonceBytes = 16
const noSalt = new Uint8Array(0)

export async function sealFile(recipients: readonly Recipient[], plain: Uint8Array): Promise<Uint8Array> {
  const { start, key } = await beginFile(recipients)
  return joinBytes([start, sealPayloadBytes(key, plain)])
}

/** Holds one piece of 64 KiB at a time and reads `source` no faster than it is read itself. */
export async function* sealFileStream(
  recipients: readonly Recipient[],
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const { start, key } = await beginFile(recipients)
  yield start
  yield* sealPayload(key, source)
}

/**
 * Throws `damaged-bundle`, or `stranger()` when no stanza is for this identity; what the identity throws passes through.
 */
export async function openFile(
  identity: Identity,
  sealed: Uint8Array,
  stranger: () => TeleportError,
): Promise<Uint8Array> {
  const header = parseHeader(sealed)
  if (!header) throw damaged('it is cut off')
  const fileKey = await openHeader(identity, header, stranger)
  const rest = sealed.subarray(header.size)
  return openPayloadBytes(payloadKey(fileKey, rest.subarray(0, nonceBytes)), rest.subarray(nonceBytes))
}

/** As `openFile`; what comes before the end is authentic but perhaps not all: stage it. */
export async function* openFileStream(
  identity: Identity,
  source: AsyncIterable<Uint8Array>,
  stranger: () => TeleportError,
): AsyncGenerator<Uint8Array> {
  const reader = byteReader(source)
  try {
    const header = await readHeader(reader)
    const fileKey = await openHeader(identity, header, stranger)
    const key = payloadKey(fileKey, await reader.peek(nonceBytes))
    reader.skip(nonceBytes)
    yield* openPayload(key, reader)
  } finally {
    await reader.close()
  }
}

async function beginFile(recipients: readonly Recipient[]): Promise<{ start: Uint8Array; key: Uint8Array }> {
  const fileKey = randomBytes(fileKeyBytes)
  const stanzas = await Promise.all(recipients.map((recipient) => recipient.wrapFileKey(fileKey)))
  const header = formatHeader(stanzas.flat(), (signed) => headerMac(fileKey, signed))
  const nonce = randomBytes(nonceBytes)
  return { start: joinBytes([header, nonce]), key: payloadKey(fileKey, nonce) }
}

/** Looks at twice as much each time, so that tiny chunks cost no more than large ones. */
async function readHeader(reader: ByteReader): Promise<AgeHeader> {
  for (let size = 1024; size <= headerLimits.bytes; size *= 2) {
    const ahead = await reader.peek(size)
    const header = parseHeader(ahead)
    if (header) {
      reader.skip(header.size)
      return header
    }
    if (ahead.length < size) break
  }
  throw damaged('it is cut off')
}

async function openHeader(
  identity: Identity,
  header: AgeHeader,
  stranger: () => TeleportError,
): Promise<Uint8Array> {
  const fileKey = await identity.unwrapFileKey(header.stanzas)
  if (!fileKey) throw stranger()
  if (fileKey.length !== fileKeyBytes) throw damaged('its file key has a wrong size')
  if (!timingSafeEqual(headerMac(fileKey, header.signed), header.mac)) throw damaged('its header was changed')
  return fileKey
}

function headerMac(fileKey: Uint8Array, signed: Uint8Array): Uint8Array {
  return createHmac('sha256', hkdf(fileKey, noSalt, 'header'))
    .update(signed)
    .digest()
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Uint8Array {
  if (nonce.length !== nonceBytes) throw damaged('it is cut off')
  return hkdf(fileKey, nonce, 'payload')
}

function damaged(why: string): TeleportError {
  return new TeleportError('damaged-bundle', `not a usable age file: ${why}`)
}
