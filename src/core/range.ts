/** Which part of a conversation was asked for: from and to a message, a commit or a moment. */

import { outlineTranscript } from '../claude/outline.ts'
import { TeleportError } from '../errors.ts'
import { resolveCommit } from '../git-store/history.ts'
import type { CommitLink } from '../model.ts'
import type { Bound, Range } from '../review/conversation.ts'
import { openHistory } from './open-history.ts'
import type { Workspace } from './workspace.ts'

/** As it was typed: the number of a message, a time of day in UTC, or a commit. */
export interface AskedRange {
  readonly from?: string | undefined
  readonly to?: string | undefined
}

/** Throws `usage` for what is neither of them, `no-tie` for a commit that the session has no message for. */
export async function findRange(
  ws: Workspace,
  { from, to }: AskedRange,
  links: readonly Pick<CommitLink, 'commit' | 'message'>[],
  lines: () => AsyncIterable<Uint8Array>,
): Promise<Range> {
  const found = {
    from: from === undefined ? undefined : await bound(ws, from, 'from', links, lines),
    to: to === undefined ? undefined : await bound(ws, to, 'to', links, lines),
  }
  if (found.from?.kind === 'message' && found.to?.kind === 'message' && found.from.number > found.to.number)
    throw new TeleportError('usage', `message ${from} comes after message ${to}`)
  return found
}

async function bound(
  ws: Workspace,
  text: string,
  side: 'from' | 'to',
  links: readonly Pick<CommitLink, 'commit' | 'message'>[],
  lines: () => AsyncIterable<Uint8Array>,
): Promise<Bound> {
  if (/^[1-9]\d{0,5}$/.test(text)) return { kind: 'message', number: Number(text) }
  const ms = momentOf(text, side)
  if (ms !== undefined) return { kind: 'time', ms }
  const commit = await resolveCommit(await openHistory(ws), text)
  if (!commit) {
    throw new TeleportError('usage', `"${text.slice(0, 60)}" is no message, no time and no commit`, {
      hint: 'git teleport show <session> --from 12 --to 2026-11-20T12:00',
    })
  }
  const messages = links.flatMap((link) => (link.commit === commit && link.message ? [link.message] : []))
  const { rows } = await outlineTranscript(lines(), new Set(messages))
  const at = messages.map((message) => rows[message]).find((row) => row !== undefined)
  if (at !== undefined) return { kind: 'row', at: side === 'from' ? at + 1 : at }
  throw new TeleportError('no-tie', `the session has no message for commit ${commit}`, {
    hint: `git teleport show ${commit.slice(0, 12)}`,
    data: { commit },
  })
}

/** Milliseconds since 1970; a day or a minute is meant with all that is in it. */
export function momentOf(text: string, side: 'from' | 'to'): number | undefined {
  const [, day, clock, seconds] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,3})?)?Z?)?$/.exec(text) ?? []
  if (day === undefined) return undefined
  const begin = Date.parse(`${day}T${clock ?? '00:00'}${seconds ?? ':00'}Z`)
  if (Number.isNaN(begin)) throw new TeleportError('usage', `there is no time ${text}`)
  if (side === 'from') return begin
  const length = clock === undefined ? 86_400_000 : seconds === undefined ? 60_000 : 1000
  return begin + length - 1
}
