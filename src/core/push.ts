/** `push`: collect, plan what was added, encrypt, sign, one atomic push, record. */

import { type Delta, planDelta } from '../bundle/plan.ts'
import { type Collected, collectSession } from '../claude/collect.ts'
import { sessionsOfWorktree } from '../claude/locate.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { DirectWay } from '../git-store/remote.ts'
import type { Oid, SessionId, SessionState } from '../model.ts'
import { type Audience, isShared } from './audience.ts'
import { chooseSession } from './choose-session.ts'
import { hasShrunk } from './classify.ts'
import { readDetached } from './detached-links.ts'
import { loadDevice } from './device.ts'
import { changeIndex } from './device-index.ts'
import { olderCopyError } from './diverged.ts'
import { beginPolicy, followPushPolicy } from './follow-policy.ts'
import { forkLocally } from './fork-locally.ts'
import { confirmHolder, nextHolder } from './holder.ts'
import { drainQueue } from './hook-queue.ts'
import { dropLocalLinks, type LocalLink, localLinksOf } from './local-links.ts'
import { knownPeople } from './people.ts'
import { describeOrigin, rootHere } from './place.ts'
import { refuseUnknownPublic } from './public-remote.ts'
import { confirmOptions, confirmTeam, travelling } from './push-audience.ts'
import { type Base, continuedState, lastExpiry, lastManifest, predecessor } from './push-base.ts'
import { noteDroppedCode, withChanges } from './push-changes.ts'
import { type DraftInput, draftPush } from './push-draft.ts'
import type { Circle, PushJob, PushOptions, PushRequest, PushResult } from './push-job.ts'
import { keepReplaced, nextBase } from './push-race.ts'
import { type Outgoing, withRedaction } from './push-redaction.ts'
import { describe, preview } from './push-report.ts'
import {
  audienceFor,
  nextExpiry,
  nothingToSay,
  type Terms,
  tellReadersChanged,
  withFittingIdentity,
} from './push-terms.ts'
import { currentState, dropPending, readRecord, settle, writeRecord } from './records.ts'
import { redactedFor } from './redacted-for.ts'
import { linksToSend } from './rewritten-links.ts'
import { type Workspace, withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'
import { author } from './write-commit.ts'

const maxAttempts = 5

export async function pushSession(world: World, options: PushOptions): Promise<PushResult> {
  return pushBy(world, options, undefined)
}

/** `pushSession` to another checkout that takes it, instead of to the project's remote. */
export async function pushBy(
  world: World,
  options: PushOptions,
  direct: DirectWay | undefined,
): Promise<PushResult> {
  return withLockedWorkspace(world, { ...options, direct }, async (ws) => {
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
    refuseOlderCopy(request, collected, base)
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

function refuseOlderCopy({ options }: PushRequest, collected: Collected, base: Base): void {
  const state = continuedState(base)
  if (!options.force && state && hasShrunk(collected, state)) throw olderCopyError(collected, state.seq)
}

function withCode({ changes }: PushJob, collected: Collected): Collected {
  return changes ? { ...collected, files: [...collected.files, ...changes.files] } : collected
}

async function firstBase({ ws, file }: PushRequest): Promise<Base> {
  const previous = await currentState(ws, file.session)
  return previous ? { kind: 'continue', previous } : { kind: 'first' }
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
    if (options.dryRun) {
      ws.world.progress.done()
      return { result: preview(job, outgoing, base, terms) }
    }
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
