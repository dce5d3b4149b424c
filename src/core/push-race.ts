/** What to build on after somebody else was faster, or why that is for the user to decide. */

import { planDelta } from '../bundle/plan.ts'
import type { Collected } from '../claude/collect.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { keepRef } from '../git-store/kept-refs.ts'
import { indexRef, sessionRef } from '../git-store/refs.ts'
import type { Oid, SessionState } from '../model.ts'
import { changedHere, classifyByContent } from './classify.ts'
import { refreshIndex } from './device-index.ts'
import { divergedError, stagedMessages } from './diverged.ts'
import { describeCopy } from './local-side.ts'
import { emptyBase, materialise } from './materialise.ts'
import { lastOrigin, placeOfCopy } from './place.ts'
import { type Base, continuedState, type Replaced, replacedState } from './push-base.ts'
import type { PushJob } from './push-job.ts'
import { recordFiles, recordLinks } from './record-files.ts'
import { fetchSession, settle } from './records.ts'
import { stateAfterPull } from './state-after-pull.ts'
import { judgeTip, type OpenTip, openTip, readTip } from './tip.ts'
import { type TrustedTip, trustTip } from './trusted-tip.ts'
import { type Workspace, withInstallation } from './workspace.ts'

/** @param moved refs that were not what the push expected */
export async function nextBase(
  job: PushJob,
  collected: Collected,
  base: Base,
  moved: readonly string[],
): Promise<Base> {
  const { ws, device, file, options } = job
  if (moved.includes(indexRef(device.id))) await refreshIndex(ws, device)
  if (!moved.includes(sessionRef(file.session))) return base
  const remote = await fetchSession(ws, file.session)
  const state = continuedState(base)
  if (remote === null) return withoutRemote(base)
  if (options.force) return { kind: 'restart', replaced: await replace(job, remote, state) }
  if (state && remote === state.commit) return { kind: 'continue', previous: state }
  const tip = await readTip(ws, file.session, remote)
  const { people } = job
  const signer = await judgeTip(ws, tip, { ...people, state, allowExpired: true })
  const open = await trustTip(ws, await openTip(ws, tip, device), signer, { own: people.own, state })
  if (state && !(await hasMore(collected, state))) throw remoteAhead(open)
  return { kind: 'continue', previous: await rebuildState(job, collected, open, state) }
}

/** The ref is gone. What would have taken its place goes on counting from it. */
function withoutRemote(base: Base): Base {
  if (base.kind === 'restart') return { ...base, replaced: { ...base.replaced, onRemote: false } }
  const state = continuedState(base)
  return state ? { kind: 'recreate', previous: state } : { kind: 'first' }
}

async function hasMore(collected: Collected, state: SessionState): Promise<boolean> {
  return changedHere(collected.files, await planDelta(collected.files, state.files), state)
}

function remoteAhead(tip: OpenTip): TeleportError {
  const host = lastOrigin(tip.manifest)?.host ?? 'another machine'
  return new TeleportError('remote-moved', `${host} has pushed more of session ${tip.session}`, {
    hint: `git teleport pull ${tip.session}`,
    data: { session: tip.session, ahead: tip.commit },
  })
}

/** Whether a push found nothing to add to what is on the remote. A pull helps then; another push never does. */
export function isRemoteAhead(error: unknown): boolean {
  return hasCode(error, 'remote-moved') && error.data?.['ahead'] !== undefined
}

/**
 * The record was lost, or both sides differ from it, as when a push landed whose answer did not: what the remote holds
 * is written to a scratch place and compared with what lies here.
 */
async function rebuildState(
  job: PushJob,
  collected: Collected,
  tip: TrustedTip,
  previous: SessionState | null,
): Promise<SessionState> {
  const { ws, device } = job
  const place = placeOfCopy(ws, tip, describeCopy(ws, collected, previous), previous, {
    deep: previous?.deep,
  })
  if (!place) throw divergedError(ws, tip, collected, null)
  return withInstallation(ws, tip.session, async (install) => {
    const applied = await materialise(ws, tip, emptyBase, place, install)
    const found = await classifyByContent(applied, install, collected, tip.manifest.title)
    if (found === 'diverged') throw divergedError(ws, tip, collected, await stagedMessages(applied, install))
    if (found === 'fast-forward') throw remoteAhead(tip)
    const history = collected.files.find((each) => each.name === 'history.jsonl') ?? null
    const files = await recordFiles(applied, emptyBase, history)
    const state = await stateAfterPull(ws, device, tip, place, {
      files,
      links: recordLinks(applied),
      previous: null,
      scan: null,
    })
    await settle(ws, state)
    return state
  })
}

/** What a forced push takes the place of, as this machine remembers it. Its commit stays in the store. */
export async function keepReplaced(ws: Workspace, state: SessionState): Promise<Replaced> {
  await keepRef(ws.store, `replaced/${state.session}/${state.commit}`, state.commit)
  return replacedState(state, true)
}

/** What a forced push takes the place of. Its commit stays in the store, whatever the remote does with it. */
async function replace(job: PushJob, remote: Oid, state: SessionState | null): Promise<Replaced> {
  const { ws, file, device } = job
  await keepRef(ws.store, `replaced/${file.session}/${remote}`, remote)
  const tip = await readTip(ws, file.session, remote).catch(ignoreDamage)
  const seq = Math.max(tip?.trailers.seq ?? 0, state?.seq ?? 0)
  const open = tip ? await openTip(ws, tip, device).catch(ignoreDamage) : null
  const expiry = {
    expires: tip?.trailers.expires ?? null,
    expiresFixed: open?.manifest.expiresFixed ?? false,
  }
  return { commit: remote, seq, manifest: open?.manifest ?? null, expiry, onRemote: true }
}

/** What cannot be read is replaced all the same: that is what --force is for. */
function ignoreDamage(error: unknown): null {
  if (error instanceof TeleportError) return null
  throw error
}
