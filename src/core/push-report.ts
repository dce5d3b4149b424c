/** What a push reports. Pure. */

import type { Delta } from '../bundle/plan.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { SessionState } from '../model.ts'
import { readerNames } from './audience.ts'
import { type Base, continuedState, predecessor } from './push-base.ts'
import type { PushJob, PushResult } from './push-job.ts'
import type { Outgoing } from './push-redaction.ts'
import type { Terms } from './push-terms.ts'

/** Of a push that went out, or had nothing to say. */
export function describe(
  job: PushJob,
  state: SessionState,
  outgoing: Outgoing | null,
  what: PushResult['state'],
  bytesSent: number,
): PushResult {
  const delta = outgoing?.delta ?? null
  return {
    session: state.session,
    state: what,
    title: state.manifest.title,
    ref: sessionRef(state.session),
    remote: { name: job.ws.remote.name, url: job.ws.remote.url },
    commit: state.commit,
    seq: state.seq,
    segments: state.manifest.segments.length,
    bytesAdded: delta?.bytes ?? 0,
    bytesSent,
    files: filesOf(delta),
    recipients: state.audience,
    readableBy: readerNames(job.people, state.audience),
    holder: state.manifest.holder,
    expires: state.expires,
    redactions: outgoing?.counts ?? {},
    changes: job.changes?.sent ?? null,
  }
}

/** Of one that would go out. */
export function preview(
  job: PushJob,
  { delta, words, counts }: Outgoing,
  base: Base,
  { audience, expiry, holder }: Terms,
): PushResult {
  const before = continuedState(base)
  return {
    session: job.file.session,
    state: 'dry-run',
    title: words.title,
    ref: sessionRef(job.file.session),
    remote: { name: job.ws.remote.name, url: job.ws.remote.url },
    commit: null,
    seq: (predecessor(base)?.seq ?? 0) + 1,
    segments: (before?.manifest.segments.length ?? 0) + 1,
    bytesAdded: delta.bytes,
    bytesSent: 0,
    files: filesOf(delta),
    recipients: audience.readers,
    readableBy: readerNames(job.people, audience.readers),
    holder,
    expires: expiry.expires,
    redactions: counts,
    changes: job.changes?.sent ?? null,
  }
}

function filesOf(delta: Delta | null): PushResult['files'] {
  return (delta?.sources ?? []).map(({ row }) => ({ name: row.name, op: row.op, bytes: row.size }))
}
