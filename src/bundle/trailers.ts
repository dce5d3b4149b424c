/** The message of a teleport commit: a subject, and signed trailers in one fixed spelling. Pure. */

import { TeleportError } from '../errors.ts'
import type { Trailers } from '../model.ts'
import { oid, repo, sessionId, sha256, time } from './fields.ts'
import { checkFormat } from './json.ts'
import { check, integer, nullable, object, oneOf, type Shape, text } from './shape.ts'

const what = 'the commit message'
const order = [
  'format',
  'ref',
  'session',
  'repo',
  'commit',
  'seq',
  'previous',
  'expires',
  'recipients',
  'policy',
  'action',
] as const satisfies readonly (keyof Trailers)[]

const shape: Shape<Trailers> = object(
  {
    format: oneOf(1),
    ref: text(200, /^refs(?:\/[A-Za-z0-9][A-Za-z0-9._-]*)+$/),
    session: nullable(sessionId),
    repo,
    commit: nullable(oid),
    seq: integer(1),
    previous: nullable(oid),
    expires: nullable(time),
    recipients: sha256,
    policy: nullable(oid),
  },
  { optional: { action: text(32, /^[a-z][a-z-]*$/) } },
)

/** Subject, blank line, one `Teleport-` line each, LF at the end. Throws `bug` where it could not be read back. */
export function formatCommitMessage(subject: string, trailers: Trailers): string {
  if (!isSubject(subject)) throw new TeleportError('bug', 'the subject of a commit is not one short line')
  const checked = check(shape, trailers, 'the new trailers', 'bug')
  const lines = order
    .filter((key) => checked[key] !== undefined)
    .map((key) => `${trailerName(key)}: ${checked[key] ?? 'none'}\n`)
  return `${subject}\n\n${lines.join('')}`
}

/**
 * Accepts only what `formatCommitMessage` writes: every key exactly once, in order, canonical. Throws
 * `format-too-new`, `format-too-old`, `damaged-bundle`.
 */
export function parseCommitMessage(message: string): Trailers {
  const formats = [...message.matchAll(/^Teleport-Format: (0|[1-9][0-9]{0,8})$/gm)]
  if (formats.length !== 1) throw damaged('does not state one Teleport-Format')
  checkFormat(Number(formats[0]?.[1]), what)
  const [subject = '', blank, ...lines] = message.split('\n')
  if (!isSubject(subject) || blank !== '' || lines.pop() !== '') throw damaged('has the wrong form')
  const trailers = check(shape, Object.fromEntries(lines.map(parseLine)), what, 'damaged-bundle')
  if (formatCommitMessage(subject, trailers) !== message) throw damaged('is not in its canonical form')
  return trailers
}

function parseLine(line: string, index: number): readonly [string, unknown] {
  const key = order[index]
  const prefix = key && `${trailerName(key)}: `
  if (!key || !prefix || !line.startsWith(prefix)) throw damaged(`has a wrong trailer in place ${index + 1}`)
  const value = line.slice(prefix.length)
  if (key === 'format' || key === 'seq') return [key, Number(value)]
  return [key, value === 'none' && key !== 'repo' ? null : value]
}

function trailerName(key: (typeof order)[number]): string {
  return `Teleport-${key.slice(0, 1).toUpperCase()}${key.slice(1)}`
}

function isSubject(subject: string): boolean {
  return /^[^\p{Cc}]{1,200}$/u.test(subject)
}

function damaged(message: string): TeleportError {
  return new TeleportError('damaged-bundle', `${what} ${message}`)
}
