/** The error for a session that went on in two places: what each side has, and the ways out. */

import type { Collected } from '../claude/collect.ts'
import type { Installation } from '../claude/install.ts'
import { scanTranscript } from '../claude/scan.ts'
import { TeleportError } from '../errors.ts'
import type { AppliedFile } from './materialise.ts'
import { lastOrigin } from './place.ts'
import type { TrustedTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'

/** @param messagesThere in what the remote has, when that was read */
export function divergedError(
  ws: Workspace,
  tip: TrustedTip,
  { scan, file }: Pick<Collected, 'scan' | 'file'>,
  messagesThere: number | null,
): TeleportError {
  const id = tip.session
  const host = lastOrigin(tip.manifest)?.host ?? 'another machine'
  const who = tip.signedBy.kind === 'member' ? `by ${tip.signedBy.principal} on ${host}` : `on ${host}`
  const here = `${scan.messages} messages, last written ${minute(file.mtimeMs)}`
  const there = messagesThere === null ? '' : `, ${messagesThere} messages`
  return new TeleportError(
    'diverged',
    `session ${id} went on in two places: here (${here}) and ${who} (push ${tip.trailers.seq}, ${minute(tip.seconds * 1000)}${there})`,
    {
      hint: [
        'choose one, nothing is lost either way:',
        `git teleport pull --fork ${id}    the remote one becomes a new session here`,
        `git teleport push --fork ${id}    the one here becomes a new session`,
        `git teleport pull --force ${id}   take the remote one; the one here goes to the backup`,
        `git teleport push --force ${id}   replace the remote one; its commit is kept in the store`,
      ].join('\n  '),
      data: { session: id, remote: { commit: tip.commit, seq: tip.trailers.seq, host }, url: ws.remote.url },
    },
  )
}

/** The error for a push from a copy that has less than was sent already. */
export function olderCopyError({ scan, file }: Pick<Collected, 'scan' | 'file'>, seq: number): TeleportError {
  const id = file.session
  return new TeleportError(
    'diverged',
    `session ${id} is shorter here (${scan.messages} messages) than in push ${seq}: an older copy, or one that was cut`,
    {
      hint: [
        'choose one, nothing is lost either way:',
        `git teleport pull ${id}           brings back what is missing here`,
        `git teleport push --fork ${id}    the one here becomes a new session`,
        `git teleport push --force ${id}   sends the one here; what was pushed stays in the history`,
      ].join('\n  '),
      data: { session: id },
    },
  )
}

/** How many messages the remote's session has, as it was staged. */
export async function stagedMessages(
  applied: ReadonlyMap<string, AppliedFile>,
  install: Installation,
): Promise<number | null> {
  const file = applied.get('session.jsonl')
  if (!file?.target || !file.staged) return null
  return (await scanTranscript(install.stagedPath(file.target), file.staged.size, null)).messages
}

function minute(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16)}Z`
}
