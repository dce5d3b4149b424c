/** Commit objects as we write them, and a parser that takes nothing else. Pure. */

import { TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { maxCommitBytes, type ObjectFormat } from './object-codec.ts'

export interface Person {
  readonly name: string
  readonly email: string
  /** Unix time. */
  readonly seconds: number
  /** Such as `+0000`. */
  readonly zone: string
}

export interface CommitFields {
  readonly tree: Oid
  readonly parent: Oid | null
  readonly author: Person
  readonly committer: Person
  readonly message: string
}

export interface ParsedCommit extends CommitFields {
  /** The signed text: the commit without its signature. */
  readonly payload: Uint8Array
  /** Armoured, ends with a line feed; `null` when unsigned. */
  readonly signature: string | null
}

/** The payload to sign. Takes from names and addresses what would break the line. */
export function formatCommit(fields: CommitFields): Uint8Array {
  const lines = [
    `tree ${fields.tree}`,
    ...(fields.parent === null ? [] : [`parent ${fields.parent}`]),
    `author ${formatPerson(fields.author)}`,
    `committer ${formatPerson(fields.committer)}`,
    '',
    fields.message,
  ]
  return Buffer.from(lines.join('\n'))
}

function formatPerson({ name, email, seconds, zone }: Person): string {
  return `${cleanWord(name) || 'unknown'} <${cleanWord(email)}> ${seconds} ${zone}`
}

function cleanWord(text: string): string {
  return text
    .replace(/[<>\p{Cc}\p{Cs}]/gu, ' ')
    .replace(/ +/g, ' ')
    .trim()
}

/** Puts the signature where git puts and looks for it: behind the other headers, each line indented by a space. */
export function withSignature(payload: Uint8Array, armoured: string, objectFormat: ObjectFormat): Uint8Array {
  const bytes = Buffer.from(payload)
  const end = bytes.indexOf('\n\n') + 1
  if (end === 0) throw new TeleportError('bug', 'a commit without an end of headers is to be signed')
  const folded = armoured.replace(/\n$/, '').replaceAll('\n', '\n ')
  return Buffer.concat([
    bytes.subarray(0, end),
    Buffer.from(`${signatureHeader(objectFormat)} ${folded}\n`),
    bytes.subarray(end),
  ])
}

function signatureHeader(objectFormat: ObjectFormat): string {
  return objectFormat === 'sha256' ? 'gpgsig-sha256' : 'gpgsig'
}

const person = String.raw`([^<>\n]*) <([^<>\n]*)> (0|[1-9][0-9]{0,11}) ([+-][0-9]{4})`
const shape = new RegExp(
  String.raw`^tree ([0-9a-f]+)\n(?:parent ([0-9a-f]+)\n)?author ${person}\ncommitter ${person}\n` +
    String.raw`(?:(gpgsig|gpgsig-sha256) ([^\n]*(?:\n [^\n]*)*)\n)?\n([^]*)$`,
)

/**
 * Takes exactly what `formatCommit` and `withSignature` make: no other header, one parent at most, UTF-8, at most
 * 16 KiB. Throws `unsafe-bundle`.
 */
export function parseCommit(raw: Uint8Array): ParsedCommit {
  const match = raw.length <= maxCommitBytes ? shape.exec(decode(raw)) : null
  if (!match) throw unsafe()
  const [, tree, parent, ...rest] = match
  const [name = '', email = '', seconds, zone = '', name2 = '', email2 = '', seconds2, zone2 = ''] = rest
  const [header, folded, message = ''] = rest.slice(8)
  const fields: CommitFields = {
    tree: requireOid(tree),
    parent: parent === undefined ? null : requireOid(parent),
    author: { name, email, seconds: Number(seconds), zone },
    committer: { name: name2, email: email2, seconds: Number(seconds2), zone: zone2 },
    message,
  }
  if (fields.parent !== null && fields.parent.length !== fields.tree.length) throw unsafe()
  const payload = formatCommit(fields)
  const signature = folded === undefined ? null : `${folded.replaceAll('\n ', '\n')}\n`
  requireSame(raw, payload, header, signature, fields.tree)
  return { ...fields, payload, signature }
}

/** Whatever the pattern let through that we would write in another way is not ours. */
function requireSame(
  raw: Uint8Array,
  payload: Uint8Array,
  header: string | undefined,
  signature: string | null,
  tree: Oid,
): void {
  const objectFormat = tree.length === 64 ? 'sha256' : 'sha1'
  const again = signature === null ? payload : withSignature(payload, signature, objectFormat)
  const rightHeader = header === undefined || header === signatureHeader(objectFormat)
  if (!rightHeader || Buffer.compare(again, raw) !== 0) throw unsafe()
}

function decode(raw: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw)
    if (!text.includes('\0')) return text
  } catch {}
  throw unsafe()
}

function requireOid(text: string | undefined): Oid {
  if (text !== undefined && isOid(text)) return text
  throw unsafe()
}

function unsafe(): TeleportError {
  return new TeleportError('unsafe-bundle', 'a commit of the bundle is not one that git-teleport writes')
}
