/** What the audience of a push changes: the identity, the files that travel, and what a person is asked first. */

import { TeleportError } from '../errors.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { gitConfig } from '../git-store/user-repo.ts'
import type { LocalFile, SessionState } from '../model.ts'
import { type Audience, isShared, parseTo, readerNames } from './audience.ts'
import type { People } from './people.ts'
import { redactedFor } from './redacted-for.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

/** `teleport.to`; undefined when it is not set. */
export async function defaultTo(ws: Workspace): Promise<readonly string[] | undefined> {
  const values = (await gitConfig(ws.repo)).get('teleport.to')
  return values === undefined ? undefined : parseTo(values.slice(-1))
}

/**
 * Why the log cannot go on under its identity, in words for the user; null when it can. An exact log, made for one's own
 * devices, is never opened to others: they get a new one, redacted. Nor does an identity stay that somebody holds who is
 * not to read on.
 */
export function needsNewIdentity(
  state: Pick<SessionState, 'audience' | 'redacted'>,
  readers: readonly string[],
  own: readonly string[],
): string | null {
  const gone = state.audience.filter((reader) => !readers.includes(reader))
  if (gone.length > 0)
    return 'a reader was removed: the session is encrypted anew; what they have fetched they keep'
  const wasShared = isShared(state.audience, own)
  const mustBeRedacted = redactedFor(readers, own) && !state.redacted
  if (isShared(readers, own) && (!wasShared || mustBeRedacted))
    return 'the session was encrypted for your own devices only: for others it is encrypted anew'
  return null
}

const forOwnDevices = /^(?:session-env|shell-snapshots)\//

/** Scripts that Claude Code runs never go to others. */
export function travelling(files: readonly LocalFile[], shared: boolean): readonly LocalFile[] {
  return shared ? files.filter((file) => !forOwnDevices.test(file.name)) : files
}

/** Asks before the first push to the team that goes to this remote. Throws `interrupted` for a no. */
export async function confirmTeam(ws: Workspace, people: People, audience: Audience): Promise<void> {
  if (!audience.to.includes('team')) return
  const file = ws.store.path('audiences', ws.remote.key, 'team.json')
  if ((await readCachedJson(file)) !== undefined) return
  const names = readerNames(people, audience.readers).filter((name) => name !== 'you')
  if (names.length === 0) return
  const question = `Let the whole team read sessions of this project from now on (${names.join(', ')})? What they fetch they keep.`
  if (!(await ws.world.confirm(question))) {
    throw new TeleportError('interrupted', 'nothing was sent', { hint: 'git teleport push --to me' })
  }
  await writeJson(file, { format: 1, confirmed: formatTime(ws.world.now()) })
}
