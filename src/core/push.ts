/** `push`: collect, plan what was added, encrypt, sign, one atomic push, record. */

import { type Delta, planDelta } from '../bundle/plan.ts'
import { type Collected, collectSession } from '../claude/collect.ts'
import { sessionsOfWorktree } from '../claude/locate.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { Oid, SessionId, SessionState } from '../model.ts'
import { chooseSession } from './choose-session.ts'
import { readDetached } from './detached-links.ts'
import { loadDevice, ownRecipients } from './device.ts'
import { changeIndex } from './device-index.ts'
import { forkLocally } from './fork-locally.ts'
import { drainQueue } from './hook-queue.ts'
import { dropLocalLinks, type LocalLink, localLinksOf } from './local-links.ts'
import { describeOrigin, rootHere } from './place.ts'
import { type Base, continuedState } from './push-base.ts'
import { type DraftInput, draftPush } from './push-draft.ts'
import type { PushJob, PushOptions, PushResult } from './push-job.ts'
import { keepReplaced, nextBase } from './push-race.ts'
import { currentState, dropPending, settle, writeRecord } from './records.ts'
import { linksToSend } from './rewritten-links.ts'
import { type Workspace, withLockedWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'
import { author } from './write-commit.ts'

const defaultExpiryDays = 30
const dayMs = 24 * 3600_000
const maxAttempts = 5

export async function pushSession(world: World, options: PushOptions): Promise<PushResult> {
  return withLockedWorkspace(world, options, async (ws) => {
    const device = await loadDevice(world, ws.repo)
    await drainQueue(ws)
    const chosen = await chooseSession(ws, options.session)
    const file = options.fork ? await forkLocally(ws, chosen) : chosen
    return sendSession({ ws, device, file, readers: await ownRecipients(world, device), options })
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
    const device = await loadDevice(world, ws.repo)
    const readers = await ownRecipients(world, device)
    await drainQueue(ws)
    const results: (PushResult | FailedPush)[] = []
    for (const file of await sessionsOfWorktree(ws.claude, ws.repo.top)) {
      try {
        results.push(await sendSession({ ws, device, file, readers, options }))
      } catch (error) {
        if (!(error instanceof TeleportError)) throw error
        results.push({ session: file.session, error })
      }
    }
    return results
  })
}

/** Tries again when somebody was faster, on what they left. */
async function sendSession(job: PushJob): Promise<PushResult> {
  const { ws, file } = job
  let base: Base | null = null
  for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
    base ??= await firstBase(job)
    ws.world.progress.step('reading the session')
    const previousScan = continuedState(base)?.scan ?? null
    const collected = await collectSession(ws.claude, file, { top: ws.repo.top, previousScan })
    const outcome: Attempt = await attemptPush(job, collected, base).catch(startAnew(job, base))
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

async function firstBase(job: PushJob): Promise<Base> {
  const state = await currentState(job.ws, job.file.session)
  if (!state) return { kind: 'first' }
  if (state.audience.every((reader) => job.readers.includes(reader)))
    return { kind: 'continue', previous: state }
  job.ws.world.note('a reader was removed: the session is encrypted anew; what they have fetched they keep')
  const { commit, seq, manifest } = state
  return { kind: 'restart', replaced: { commit, seq, repo: manifest.repo, links: manifest.links } }
}

type Attempt =
  | { readonly result: PushResult }
  /** Refs that were not what the push expected. */
  | { readonly result: null; readonly moved: readonly string[] }
  /** What to build on instead. */
  | { readonly result: null; readonly base: Base }

/** A log that this machine's key does not open, since it has another one now: it can go on only from the start. */
function startAnew({ ws, options, file }: PushJob, base: Base): (error: unknown) => Promise<Attempt> {
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

async function attemptPush(job: PushJob, collected: Collected, base: Base): Promise<Attempt> {
  const { ws, device, file, options, readers } = job
  const before = continuedState(base)
  ws.world.progress.step('comparing', collected.file.sizeBytes)
  const delta = await planDelta(collected.files, before?.files ?? {}, {
    rescan: options.rescan ?? false,
    progress: ws.world.progress,
  })
  const expiry = nextExpiry(ws, before, options)
  const local = await localLinksOf(ws, file.session)
  const detached = (await readDetached(ws)).get(file.session) ?? new Set<Oid>()
  const links = await linksToSend(ws, local, before?.manifest.links ?? [], detached)
  if (
    base.kind === 'continue' &&
    links.length === 0 &&
    !base.previous.manifest.links.some(({ commit }) => detached.has(commit)) &&
    nothingToSay(job, base.previous, delta, expiry.expires)
  )
    return unchanged(job, base.previous, local)
  if (options.dryRun) return { result: preview(job, collected, delta, expiry.expires, before) }
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
    delta,
    readers,
    author: person,
    links,
    detached,
    ...expiry,
  }
  const draft = await draftPush(ws, device, input)
  const index = await changeIndex(ws, device, person, {
    entries: [draft.entry],
    readers,
    repo: draft.state.manifest.repo,
    action: 'push',
  })
  await writeRecord(ws, file.session, { format: 1, current: before, pending: draft.state })
  ws.world.progress.step('sending', draft.newBytes)
  const outcome = await ws.store.refs
    .push([draft.update, index], ws.world.progress)
    .catch(async (error: unknown) => {
      // Nobody knows what became of a push that lost its connection; of a refused one everybody does.
      if (hasCode(error, 'remote-refused')) await dropPending(ws, file.session, before)
      throw error
    })
  if (outcome.kind === 'moved') {
    await dropPending(ws, file.session, before)
    return { result: null, moved: outcome.refs }
  }
  await settle(ws, draft.state, index)
  await dropSent(job, local)
  ws.world.progress.done()
  return { result: describe(job, draft.state, delta, 'pushed', outcome.bytesSent ?? draft.newBytes) }
}

async function dropSent({ ws, file }: PushJob, local: readonly LocalLink[]): Promise<void> {
  await dropLocalLinks(
    ws,
    file.session,
    local.map(({ link }) => link.commit),
  )
}

function nextExpiry(
  ws: Workspace,
  before: SessionState | null,
  options: PushOptions,
): { readonly expires: string | null; readonly expiresFixed: boolean } {
  const { expiresDays } = options
  if (expiresDays === undefined && before?.expiresFixed) {
    refuseWhenOver(ws, before)
    return { expires: before.expires, expiresFixed: true }
  }
  if (expiresDays === null) return { expires: null, expiresFixed: true }
  const at = new Date(ws.world.now().getTime() + (expiresDays ?? defaultExpiryDays) * dayMs)
  return { expires: formatTime(at), expiresFixed: expiresDays !== undefined }
}

/** What was meant to end is not brought back by a push that does not say so. */
function refuseWhenOver(ws: Workspace, { session, expires }: SessionState): void {
  if (expires === null || Date.parse(expires) > ws.world.now().getTime()) return
  throw new TeleportError('expired-session', `session ${session} expired at ${expires}, as --expires said`, {
    hint: `git teleport push --expires 30d ${session}`,
  })
}

/** Nothing was added, the readers are the same, and the expiry would hardly move. */
function nothingToSay(job: PushJob, before: SessionState, delta: Delta, expires: string | null): boolean {
  if (delta.sources.length > 0 || job.readers.join('\n') !== before.audience.join('\n')) return false
  if (expires === null || before.expires === null) return expires === before.expires
  return Math.abs(Date.parse(expires) - Date.parse(before.expires)) < dayMs
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
  delta: Delta | null,
  what: PushResult['state'],
  bytesSent: number,
): PushResult {
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
    expires: state.expires,
    redactions: {},
  }
}

function preview(
  job: PushJob,
  collected: Collected,
  delta: Delta,
  expires: string | null,
  before: SessionState | null,
): PushResult {
  job.ws.world.progress.done()
  return {
    session: job.file.session,
    state: 'dry-run',
    title: collected.scan.title,
    ref: sessionRef(job.file.session),
    remote: { name: job.ws.remote.name, url: job.ws.remote.url },
    commit: null,
    seq: (before?.seq ?? 0) + 1,
    segments: (before?.manifest.segments.length ?? 0) + 1,
    bytesAdded: delta.bytes,
    bytesSent: 0,
    files: filesOf(delta),
    recipients: job.readers,
    expires,
    redactions: {},
  }
}

function filesOf(delta: Delta | null): PushResult['files'] {
  return (delta?.sources ?? []).map(({ row }) => ({ name: row.name, op: row.op, bytes: row.size }))
}
