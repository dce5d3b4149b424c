/** On what terms a push goes out: who may read it, until when, who has the session; and whether that is any news. */

import { isCode } from '../bundle/names.ts'
import type { Delta } from '../bundle/plan.ts'
import { TeleportError } from '../errors.ts'
import type { Holder, SessionId, SessionState } from '../model.ts'
import { type Audience, keptAudience, namedAudience, presentAudience, readersChanged } from './audience.ts'
import { lifetimeFor, requireLifetime } from './follow-policy.ts'
import { defaultTo, needsNewIdentity } from './push-audience.ts'
import { type Base, continuedState, type Expiry, lastManifest, startAnew } from './push-base.ts'
import type { PushJob } from './push-job.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

const dayMs = 24 * 3600_000

/** What a push says beside what was added. */
export interface Terms {
  readonly audience: Audience
  readonly expiry: Expiry
  readonly holder: Holder | null
}

/** What `--to` says; else what the session has; else `teleport.to`, the team where there is one, one's own devices. */
export async function audienceFor({ ws, people, options }: PushJob, base: Base): Promise<Audience> {
  if (options.to) return namedAudience(people, options.to)
  const kept = lastManifest(base)
  if (kept) return options.present ? presentAudience(people, kept) : keptAudience(people, kept)
  return namedAudience(people, (await defaultTo(ws)) ?? (people.team ? ['team'] : ['me']))
}

/**
 * Who is let in gets the whole log, so a log that was written for one's own devices only is left as it is, and the
 * others get a new one. So do those who stay when somebody has to go.
 */
export function withFittingIdentity(
  { ws, people, options }: PushJob,
  base: Base,
  { readers }: Audience,
): Base {
  const state = continuedState(base)
  const why = state ? needsNewIdentity(state, readers, people.own, options.noRedact) : null
  if (why === null) return base
  ws.world.note(why)
  return startAnew(base)
}

/** When the session ends: as asked for, as it was fixed, else by the policy. Throws `expired-session`, `not-allowed`. */
export function nextExpiry({ ws, file, options, policy }: PushJob, before: Expiry | null): Expiry {
  const { expiresDays } = options
  if (expiresDays === undefined && before?.expiresFixed) {
    refuseWhenOver(ws, file.session, before)
    requireLifetime(policy, before.expires, ws.world.now())
    return { expires: before.expires, expiresFixed: true }
  }
  const days = lifetimeFor(policy, expiresDays)
  if (days === null) return { expires: null, expiresFixed: true }
  const at = new Date(ws.world.now().getTime() + days * dayMs)
  return { expires: formatTime(at), expiresFixed: expiresDays !== undefined }
}

/** What was meant to end is not brought back by a push that does not say so. */
function refuseWhenOver(ws: Workspace, session: SessionId, { expires }: Expiry): void {
  if (expires === null || Date.parse(expires) > ws.world.now().getTime()) return
  throw new TeleportError('expired-session', `session ${session} expired at ${expires}, as --expires said`, {
    hint: `git teleport push --expires 30d ${session}`,
  })
}

/** Who came to the team since is let in by `rewrap` only: a push keeps the readers that it finds. */
export function tellReadersChanged({ ws, people }: PushJob, { session, manifest }: SessionState): void {
  if (!readersChanged(people, manifest)) return
  ws.world.note(`the readers of session ${session} are not today's any more: git teleport rewrap ${session}`)
}

/**
 * Nothing was added, the readers and the holder are the same, and the expiry would hardly move. That the last push
 * carried code and this one would not is no reason for one.
 */
export function nothingToSay(
  job: PushJob,
  before: SessionState,
  delta: Delta,
  { audience, expiry, holder }: Terms,
): boolean {
  if (delta.sources.some(({ row }) => !(row.op === 'gone' && isCode(row.name)))) return false
  if (audience.readers.join('\n') !== before.audience.join('\n')) return false
  if (audience.to.join('\n') !== (before.manifest.to ?? []).join('\n')) return false
  if (job.options.handOff !== undefined && holder?.principal !== before.manifest.holder?.principal)
    return false
  if (expiry.expires === null || before.expires === null) return expiry.expires === before.expires
  return Math.abs(Date.parse(expiry.expires) - Date.parse(before.expires)) < dayMs
}
