/** `.teleport/allowed_signers`: who is a member, in OpenSSH's format, of which only exact keys are taken. Pure. */

import type { DeviceId, MemberKey } from '../model.ts'
import { badLine, linesOf } from './policy-text.ts'

/** Reads `type base64 [comment]`; throws for anything else. Handed in: keys are the crypto folder's business. */
export type ReadKey = (text: string) => { readonly recipient: string; readonly device: DeviceId }

export const signersFile = '.teleport/allowed_signers'

/**
 * Exact principals and keys, `namespaces="git"`, perhaps a lifetime. Everything else that ssh-keygen would take, such as
 * patterns and certificate authorities, is refused rather than skipped: `bad-policy`.
 */
export function parseAllowedSigners(text: string, readKey: ReadKey): readonly MemberKey[] {
  const members = new Map<string, MemberKey>()
  for (const [index, line] of linesOf(text).entries()) {
    const fail = (why: string, cause?: unknown) => badLine(signersFile, index + 1, why, cause)
    const member = parseSignerLine(line, readKey, fail)
    if (!member) continue
    if (members.has(member.recipient)) throw fail('this key is on an earlier line too')
    members.set(member.recipient, member)
  }
  return [...members.values()]
}

type Fail = (why: string, cause?: unknown) => Error

/** Null for blank lines and comments. */
export function parseSignerLine(line: string, readKey: ReadKey, fail: Fail): MemberKey | null {
  const text = line.replace(/^[ \t]+/, '')
  if (text === '' || text.startsWith('#')) return null
  const fields = /^([^ \t]+)[ \t]+([^ \t]+)[ \t]+(ssh-ed25519|ssh-rsa)[ \t]+([^ \t]+)(?:[ \t]+(.*))?$/.exec(
    text,
  )
  if (!fields) throw fail(whyNot(text))
  const [, principal = '', options = '', type = '', base64 = ''] = fields
  if (!isPrincipal(principal)) throw fail(badPrincipal(principal))
  const lifetime = parseOptions(options, fail)
  return { principal, ...keyOf(`${type} ${base64}`, readKey, fail), ...lifetime }
}

/** What is usually meant by a line of another shape. */
function whyNot(text: string): string {
  if (/^\S+[ \t]+(?:ssh-ed25519|ssh-rsa)[ \t]/.test(text)) return 'namespaces="git" is missing before the key'
  return 'not of the form: principal namespaces="git" ssh-ed25519-or-ssh-rsa key'
}

function keyOf(text: string, readKey: ReadKey, fail: Fail): ReturnType<ReadKey> {
  try {
    const { recipient, device } = readKey(text)
    return { recipient, device }
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : 'the key cannot be read', cause)
  }
}

/** One name, exactly: no list, no pattern, nothing that a shell or an option parser would take for something else. */
export function isPrincipal(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._%+@/:=-]{0,199}$/.test(text)
}

function badPrincipal(principal: string): string {
  const kind = /[*?!]/.test(principal) ? 'a pattern' : principal.includes(',') ? 'a list' : 'not a plain name'
  return `the principal is ${kind}: a line is about one member`
}

interface Lifetime {
  readonly validAfter: string | null
  readonly validBefore: string | null
}

/** Names in any case and values in quotes, as ssh-keygen wants them. */
function parseOptions(text: string, fail: Fail): Lifetime {
  const options = new Map<string, string>()
  for (const option of text.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)) {
    const [, name, value] = /^([A-Za-z-]+)(?:="([^"\\]*)")?$/.exec(option) ?? []
    if (name === undefined) throw fail('an option is not of the form name="value"')
    const key = name.toLowerCase()
    if (options.has(key)) throw fail(`the option ${key} is there twice`)
    if (key === 'cert-authority') throw fail('certificate authorities are not taken: name each key')
    if (!['namespaces', 'valid-after', 'valid-before'].includes(key)) throw fail(`unknown option ${key}`)
    options.set(key, value ?? '')
  }
  if (options.get('namespaces') !== 'git') throw fail('the option must be namespaces="git", and nothing else')
  const validAfter = timeOf(options.get('valid-after'), fail)
  const validBefore = timeOf(options.get('valid-before'), fail)
  if (validAfter !== null && validBefore !== null && validAfter >= validBefore) {
    throw fail('valid-after is not before valid-before')
  }
  return { validAfter, validBefore }
}

/**
 * YYYYMMDD or YYYYMMDDHHMM[SS], with or without Z. ssh-keygen takes a time without Z for that of the machine's own zone;
 * one line must mean one instant for everybody, so here it is UTC as well.
 */
function timeOf(value: string | undefined, fail: Fail): string | null {
  if (value === undefined) return null
  const parts = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?$/.exec(value)
  if (!parts) throw fail('a time is not of the form YYYYMMDD or YYYYMMDDHHMM[SS], with Z for UTC')
  const [, year, month, day, hour = '00', minute = '00', second = '00'] = parts
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
  const at = new Date(written)
  // A day such as the 31st of February rolls over, or is no date at all.
  const real = !Number.isNaN(at.getTime()) && `${at.toISOString().slice(0, 19)}Z` === written
  if (!real) throw fail(`there is no time ${value}`)
  return written
}

/** One line, without its end. `comment` must be on one line. */
export function formatSignerLine(
  member: Pick<MemberKey, 'principal' | 'recipient' | 'validAfter' | 'validBefore'>,
  comment = '',
): string {
  const lifetime = [
    ...(member.validAfter === null ? [] : [`valid-after="${compact(member.validAfter)}"`]),
    ...(member.validBefore === null ? [] : [`valid-before="${compact(member.validBefore)}"`]),
  ]
  const options = ['namespaces="git"', ...lifetime].join(',')
  return `${member.principal} ${options} ${member.recipient}${comment === '' ? '' : ` ${comment}`}`
}

function compact(time: string): string {
  return `${time.replace(/[-:TZ]/g, '')}Z`
}
