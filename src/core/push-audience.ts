/** What the audience of a push changes: the identity, the files that travel, and what a person is asked first. */

import { TeleportError } from '../errors.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { gitConfig } from '../git-store/user-repo.ts'
import type { LocalFile, SessionState } from '../model.ts'
import { type Audience, isShared, parseTo, readerNames } from './audience.ts'
import { notAllowed } from './follow-policy.ts'
import type { People } from './people.ts'
import type { PushJob } from './push-job.ts'
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
  noRedact: boolean = false,
): string | null {
  const gone = state.audience.filter((reader) => !readers.includes(reader))
  if (gone.length > 0)
    return 'a reader was removed: the session is encrypted anew; what they have fetched they keep'
  if (!isShared(readers, own)) return null
  if (!isShared(state.audience, own))
    return 'the session was encrypted for your own devices only: for others it is encrypted anew'
  if (redactedFor(readers, own, noRedact) === state.redacted) return null
  return state.redacted
    ? 'the session was redacted: as it is, it is encrypted anew'
    : 'the session was sent as it is: redacted, it is encrypted anew; what others have fetched they keep'
}

const forOwnDevices = /^(?:session-env|shell-snapshots)\//

/** Scripts that Claude Code runs never go to others. */
export function travelling(files: readonly LocalFile[], shared: boolean): readonly LocalFile[] {
  return shared ? files.filter((file) => !forOwnDevices.test(file.name)) : files
}

/**
 * Holds what a push was asked for to the policy, and asks before anything goes to others as it is. Throws `not-allowed`,
 * and `interrupted` for a no.
 */
export async function confirmOptions(job: PushJob, { readers }: Audience): Promise<void> {
  const { ws, policy, options, people, asked } = job
  if (options.withChanges && policy.allowChanges.value === false)
    throw notAllowed('allowChanges', policy, 'forbids pushing code changes', 'git teleport push')
  if (!options.noRedact || !isShared(readers, people.own)) return
  if (policy.mustRedact.value === true) {
    const what = 'wants sessions redacted that others can read'
    throw notAllowed('mustRedact', policy, what, 'git teleport push')
  }
  if (options.dryRun || asked.has(asItIs)) return
  const whom = readerNames(people, readers).filter((name) => name !== 'you')
  const question = `Send it without redaction, with every secret that it may hold, to ${whom.join(', ')}?`
  if (!(await ws.world.confirm(question))) {
    throw new TeleportError('interrupted', 'nothing was sent', { hint: 'git teleport push' })
  }
  asked.add(asItIs)
}

/** No principal is called so. */
const asItIs = '--no-redact'

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
