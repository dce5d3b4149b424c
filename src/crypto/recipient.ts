/** Everything that a session can be encrypted to, as people write it down. Pure. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import type { ExtraReader } from '../model.ts'
import { x25519Recipient } from './age-x25519.ts'
import { decodeBech32 } from './bech32.ts'
import { parseSshPublicKey, type SshPublicKey } from './ssh-public-key.ts'

/** ML-KEM-768 encapsulation key and X25519 point. */
const postQuantumBytes = 1184 + 32

/** `age1…`, `age1pq1…`, or an SSH public key with or without comment. Throws `bad-key`. */
export function parseRecipient(text: string): ExtraReader {
  if (!text.startsWith('age1')) {
    const { recipient, comment } = parseSshPublicKey(text)
    return { recipient, comment }
  }
  if (text.startsWith('age1pq1')) requirePostQuantum(text)
  else x25519Recipient(text)
  return { recipient: text, comment: '' }
}

function requirePostQuantum(text: string): void {
  const bytes = text === text.toLowerCase() ? decodeBech32('age1pq', text) : undefined
  if (bytes?.length === postQuantumBytes) return
  throw new TeleportError('bad-key', 'not a post-quantum age recipient (age1pq1…) that can be used')
}

/** `SHA256:…` as ssh-keygen -l shows it. */
export function fingerprint(key: Pick<SshPublicKey, 'blob'>): string {
  return `SHA256:${createHash('sha256').update(key.blob).digest('base64').replace(/=+$/, '')}`
}
