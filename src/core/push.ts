/** `push`: collect, plan what was added, encrypt, sign, one atomic push, record. */

import { isCode } from '../bundle/names.ts'
import { type Delta, planDelta } from '../bundle/plan.ts'
import { type Collected, collectSession } from '../claude/collect.ts'
import { sessionsOfWorktree } from '../claude/locate.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { Holder, Oid, SessionId, SessionState } from '../model.ts'
import {
  type Audience,
  isShared,
  keptAudience,
  namedAudience,
  presentAudience,
  readerNames,
  readersChanged,
} from './audience.ts'
import { chooseSession } from './choose-session.ts'
import { readDetached } from './detached-links.ts'
import { loadDevice } from './device.ts'
import { changeIndex } from './device-index.ts'
import { beginPolicy, followPushPolicy, lifetimeFor, requireLifetime } from './follow-policy.ts'
import { forkLocally } from './fork-locally.ts'
import { confirmHolder, nextHolder } from './holder.ts'
import { drainQueue } from './hook-queue.ts'
import { dropLocalLinks, type LocalLink, localLinksOf } from './local-links.ts'
import { knownPeople } from './people.ts'
import { describeOrigin, rootHere } from './place.ts'
import { refuseUnknownPublic } from './public-remote.ts'
import { confirmOptions, confirmTeam, defaultTo, needsNewIdentity, travelling } from './push-audience.ts'
import {
  type Base,
  continuedState,
  type Expiry,
  lastExpiry,
  lastManifest,
  predecessor,
  startAnew,
} from './push-base.ts'
import { noteDroppedCode, withChanges } from './push-changes.ts'
import { type DraftInput, draftPush } from './push-draft.ts'
import type { Circle, PushJob, PushOptions, PushRequest, PushResult } from './push-job.ts'
import { keepReplaced, nextBase } from './push-race.ts'
import { type Outgoing, withRedaction } from './push-redaction.ts'
import { currentState, dropPending, readRecord, settle, writeRecord } from './records.ts'
import { redactedFor } from './redacted-for.ts'
import { linksToSend } from './rewritten-links.ts'
import { type Workspace, withLockedWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'
import { author } from './write-commit.ts'

const dayMs = 24 * 3600_000
const maxAttempts = 5

export async function pushSession(world: World, options: PushOptions): Promise<PushResult> {
  return withLockedWorkspace(world, options, async (ws) => {
    await beginPolicy(ws)
    const device = await loadDevice(world, ws.repo)
    await drainQueue(ws)
    const chosen = await chooseSession(ws, options.session, options.ask)
    const circle = circleFor(ws, device, options)
    return withChanges(ws, options.withChanges ?? false, async (changes) => {
      const file = options.fork ? await forkLocally(ws, chosen) : chosen
      return sendSession({ ws, device, file, options, circle, asked: new Set(), changes })
    })
  })
}

export interface FailedPush {
  readonly session: SessionId
  readonly error: TeleportError
}

/** Every session of this work tree; one that fails does not keep the others back. */
export async function pushAll(
  world: World,
  options: PushOptions,
): Promise<readonly (PushResult | FailedPush)[]> {
  return withLockedWorkspace(world, options, async (ws) => {
    await beginPolicy(ws)
    const device = await loadDevice(world, ws.repo)
    const circle = circleFor(ws, device, options)
    await circle
    await drainQueue(ws)
    const results: (PushResult | FailedPush)[] = []
    for (const file of await sessionsOfWorktree(ws.claude, ws.repo.top)) {
      try {
        results.push(
          await sendSession({ ws, device, file, options, circle, asked: new Set(), changes: null }),
        )
      } catch (error) {
        if (!(error instanceof TeleportError)) throw error
        results.push({ session: file.session, error })
      }
    }
    return results
  })
}

/** What must be asked before anything leaves this machine. Goes on while the session is read. */
function circleFor(ws: Workspace, device: DeviceKey, options: PushOptions): Promise<Circle> {
  const circle = followPushPolicy(ws, device.publicKey.recipient, options).then(async (policy) => {
    await refuseUnknownPublic(ws, options.public ?? false)
    return { policy, people: await knownPeople(ws, device, 'fresh') }
  })
  // When the session cannot be read, nobody comes to look at this.
  circle.catch(() => undefined)
  return circle
}

/** Tries again when somebody was faster, on what they left. */
export async function sendSession(request: PushRequest): Promise<PushResult> {
  const { ws, file } = request
  let base = await firstBase(request)
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    ws.world.progress.step('reading the session')
    const previousScan = continuedState(base)?.scan ?? null
    const collected = await collectSession(ws.claude, file, { top: ws.repo.top, previousScan })
    const job: PushJob = { ...request, ...(await request.circle) }
    const audience = await audienceFor(job, base)
    await confirmOptions(job, audience)
    base = withFittingIdentity(job, base, audience)
    const outcome: Attempt = await attemptPush(job, withCode(job, collected), base, audience).catch(
      restartFrom(job, base),
    )
    if (outcome.result) return outcome.result
    base = 'moved' in outcome ? await nextBase(job, collected, base, outcome.moved) : outcome.base
  }
  throw new TeleportError(
    'remote-moved',
    `${ws.remote.name} changed during each of ${maxAttempts} attempts to push`,
    {
      hint: `git teleport push ${file.session}`,
    },
  )
}

function withCode({ changes }: PushJob, collected: Collected): Collected {
  return changes ? { ...collected, files: [...collected.files, ...changes.files] } : collected
}

async function firstBase({ ws, file }: PushRequest): Promise<Base> {
  const previous = await currentState(ws, file.session)
  return previous ? { kind: 'continue', previous } : { kind: 'first' }
}

/** What `--to` says; else what the session has; else `teleport.to`, the team where there is one, one's own devices. */
async function audienceFor({ ws, people, options }: PushJob, base: Base): Promise<Audience> {
  if (options.to) return namedAudience(people, options.to)
  const kept = lastManifest(base)
  if (kept) return options.present ? presentAudience(people, kept) : keptAudience(people, kept)
  return namedAudience(people, (await defaultTo(ws)) ?? (people.team ? ['team'] : ['me']))
}

/**
 * Who is let in gets the whole log, so a log that was written for one's own devices only is left as it is, and the
 * others get a new one. So do those who stay when somebody has to go.
 */
function withFittingIdentity({ ws, people, options }: PushJob, base: Base, { readers }: Audience): Base {
  const state = continuedState(base)
  const why = state ? needsNewIdentity(state, readers, people.own, options.noRedact) : null
  if (why === null) return base
  ws.world.note(why)
  return startAnew(base)
}

type Attempt =
  | { readonly result: PushResult }
  /** Refs that were not what the push expected. */
  | { readonly result: null; readonly moved: readonly string[] }
  /** What to build on instead. */
  | { readonly result: null; readonly base: Base }

/** A log that this machine's key does not open, since it has another one now: it can go on only from the start. */
function restartFrom({ ws, options, file }: PushJob, base: Base): (error: unknown) => Promise<Attempt> {
  return async (error) => {
    const state = continuedState(base)
    if (!hasCode(error, 'not-a-reader') || !state) throw error
    if (options.force)
      return { result: null, base: { kind: 'restart', replaced: await keepReplaced(ws, state) } }
    throw new TeleportError(
      'not-a-reader',
      `session ${file.session} was pushed with another key, and this machine's does not open it`,
      {
        hint: `git teleport push --force ${file.session}   (starts it anew; what is there is kept in the store)`,
        cause: error,
      },
    )
  }
}

async function attemptPush(
  job: PushJob,
  collected: Collected,
  base: Base,
  audience: Audience,
): Promise<Attempt> {
  const { ws, file, options, people } = job
  const before = continuedState(base)
  const redact = before?.redacted ?? redactedFor(audience.readers, people.own, options.noRedact)
  ws.world.progress.step('comparing', collected.file.sizeBytes)
  const files = travelling(collected.files, isShared(audience.readers, people.own))
  const record = before?.files ?? {}
  const delta = await planDelta(files, record, {
    rescan: options.rescan ?? false,
    // A secret may begin in what was sent before, and end in what was added. Rows are looked at one by one.
    growsWhole: (name) => redact && !name.endsWith('.jsonl'),
    progress: ws.world.progress,
  })
  const terms: Terms = {
    audience,
    expiry: nextExpiry(job, lastExpiry(base)),
    holder: nextHolder(job, lastManifest(base)?.holder ?? null, audience),
  }
  const local = await localLinksOf(ws, file.session)
  const detached = (await readDetached(ws)).get(file.session) ?? new Set<Oid>()
  const links = await linksToSend(ws, local, before?.manifest.links ?? [], detached)
  const isSame = (now: Delta) =>
    base.kind === 'continue' &&
    links.length === 0 &&
    !base.previous.manifest.links.some(({ commit }) => detached.has(commit)) &&
    nothingToSay(job, base.previous, now, terms)
  if (before && isSame(delta)) return unchanged(job, before, local)
  const seq = (predecessor(base)?.seq ?? 0) + 1
  return withRedaction(job, { collected, delta, record, redact, seq }, async (outgoing) => {
    // All that was added may have been taken out.
    if (before && isSame(outgoing.delta)) return unchanged(job, before, local)
    if (options.dryRun) return { result: preview(job, outgoing, base, terms) }
    const sending = { ...outgoing, ...terms, redact, local, links, detached }
    return sendOutgoing(job, collected, base, sending)
  })
}

interface Sending extends Outgoing, Terms, Pick<DraftInput, 'links' | 'detached'> {
  readonly redact: boolean
  /** Links that this machine need not keep once they are sent. */
  readonly local: readonly LocalLink[]
}

async function sendOutgoing(
  job: PushJob,
  collected: Collected,
  base: Base,
  sending: Sending,
): Promise<Attempt> {
  const { ws, device, file, people } = job
  const { audience, expiry, delta, holder, links, detached } = sending
  const before = continuedState(base)
  await confirmTeam(ws, people, audience)
  await confirmHolder(job, lastManifest(base)?.holder ?? null)
  const person = await author(ws)
  const origin = await describeOrigin(ws, device, {
    ...collected.origin,
    root: rootHere(ws, collected.scan, before),
  })
  const input: DraftInput = {
    session: file.session,
    base,
    origin,
    scan: collected.scan,
    words: sending.words,
    delta,
    audience,
    redacted: sending.redact,
    removed: sending.removed,
    own: people.own,
    holder,
    author: person,
    links,
    detached,
    ...expiry,
  }
  const draft = await draftPush(ws, device, input)
  const index = await changeIndex(ws, device, person, {
    entries: [draft.entry],
    readers: audience.readers,
    repo: draft.state.manifest.repo,
    policy: audience.policy,
    action: 'push',
  })
  const recorded = base.kind === 'restart' ? (await readRecord(ws, file.session)).current : before
  await writeRecord(ws, file.session, { format: 1, current: recorded, pending: draft.state })
  ws.world.progress.step('sending', draft.newBytes)
  const outcome = await ws.store.refs
    .push([draft.update, index], ws.world.progress)
    .catch(async (error: unknown) => {
      // Nobody knows what became of a push that lost its connection; of a refused one everybody does.
      if (hasCode(error, 'remote-refused')) await dropPending(ws, file.session, recorded)
      throw error
    })
  if (outcome.kind === 'moved') {
    await dropPending(ws, file.session, recorded)
    return { result: null, moved: outcome.refs }
  }
  await settle(ws, draft.state, index)
  await dropSent(job, sending.local)
  tellReadersChanged(job, draft.state)
  ws.world.progress.done()
  noteDroppedCode(job, delta)
  return { result: describe(job, draft.state, sending, 'pushed', outcome.bytesSent ?? draft.newBytes) }
}

async function dropSent({ ws, file }: PushJob, local: readonly LocalLink[]): Promise<void> {
  await dropLocalLinks(
    ws,
    file.session,
    local.map(({ link }) => link.commit),
  )
}

function nextExpiry({ ws, file, options, policy }: PushJob, before: Expiry | null): Expiry {
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
function tellReadersChanged({ ws, people }: PushJob, { session, manifest }: SessionState): void {
  if (!readersChanged(people, manifest)) return
  ws.world.note(`the readers of session ${session} are not today's any more: git teleport rewrap ${session}`)
}

/** What a push says beside what was added. */
interface Terms {
  readonly audience: Audience
  readonly expiry: Expiry
  readonly holder: Holder | null
}

/**
 * Nothing was added, the readers and the holder are the same, and the expiry would hardly move. That the last push
 * carried code and this one would not is no reason for one.
 */
function nothingToSay(
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

/** Nothing to send, provided that the remote still has what this machine last saw there. */
async function unchanged(job: PushJob, state: SessionState, local: readonly LocalLink[]): Promise<Attempt> {
  const { ws } = job
  const ref = sessionRef(state.session)
  const found = await ws.store.refs.fetch([ref], ws.world.progress)
  if (found.get(ref) !== state.commit) return { result: null, moved: [ref] }
  if (!job.options.dryRun) await dropSent(job, local)
  ws.world.progress.done()
  return { result: describe(job, state, null, 'same', 0) }
}

function describe(
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

function preview(
  job: PushJob,
  { delta, words, counts }: Outgoing,
  base: Base,
  { audience, expiry, holder }: Terms,
): PushResult {
  const before = continuedState(base)
  job.ws.world.progress.done()
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
