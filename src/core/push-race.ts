/** What to build on after somebody else was faster, or why that is for the user to decide. */

import { planDelta } from '../bundle/plan.ts'
import type { Collected } from '../claude/collect.ts'
import { beginInstall } from '../claude/install.ts'
import { TeleportError } from '../errors.ts'
import { keepRef } from '../git-store/kept-refs.ts'
import { indexRef, sessionRef } from '../git-store/refs.ts'
import type { Classification, Oid, SessionState } from '../model.ts'
import { changedHere, classifyByContent } from './classify.ts'
import { refreshIndex } from './device-index.ts'
import { divergedError } from './diverged.ts'
import { continues, emptyBase, materialise } from './materialise.ts'
import { lastOrigin, placeFor } from './place.ts'
import { type Base, continuedState, type Replaced } from './push-base.ts'
import type { PushJob } from './push-job.ts'
import { recordFiles, recordLinks } from './record-files.ts'
import { fetchSession, settle } from './records.ts'
import { stateAfterPull } from './state-after-pull.ts'
import { judgeTip, type OpenTip, openTip, readTip } from './tip.ts'
import { installFolder } from './workspace.ts'

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
  if (remote === null) return state ? { kind: 'recreate', previous: state } : { kind: 'first' }
  if (options.force) return { kind: 'restart', replaced: await replace(job, remote, state) }
  if (state && remote === state.commit) return { kind: 'continue', previous: state }
  const tip = await readTip(ws, file.session, remote)
  await judgeTip(ws, tip, { own: job.readers, state })
  const open = await openTip(ws, tip, device)
  if (state && continues(open, state)) throw await conflict(job, collected, open, state)
  return { kind: 'continue', previous: await rebuildState(job, collected, open) }
}

/** The remote went on. If this machine did too, only the user can choose. */
async function conflict(
  job: PushJob,
  collected: Collected,
  tip: OpenTip,
  state: SessionState,
): Promise<TeleportError> {
  const delta = await planDelta(collected.files, state.files)
  const changed = await changedHere(collected.files, delta, state)
  return changed ? divergedError(job.ws, tip, collected.scan.messages) : remoteAhead(tip)
}

function remoteAhead(tip: OpenTip): TeleportError {
  const host = lastOrigin(tip.manifest)?.host ?? 'another machine'
  return new TeleportError('remote-moved', `${host} has pushed more of session ${tip.session}`, {
    hint: `git teleport pull ${tip.session}`,
  })
}

/** The record was lost: what the remote holds is written to a scratch place and compared with what lies here. */
async function rebuildState(job: PushJob, collected: Collected, tip: OpenTip): Promise<SessionState> {
  const { ws, device, file } = job
  const place = placeFor(ws, tip.session, lastOrigin(tip.manifest), { existing: file })
  const install = await beginInstall(ws.claude, installFolder(ws), {
    session: tip.session,
    now: ws.world.now(),
  })
  try {
    const applied = await materialise(ws, tip, emptyBase, place, install)
    refuseUnlessAhead(ws, tip, await classifyByContent(applied, install, collected), collected)
    const history = collected.files.find((each) => each.name === 'history.jsonl') ?? null
    const files = await recordFiles(applied, emptyBase, history)
    const state = await stateAfterPull(ws, device, tip, place, {
      files,
      links: recordLinks(applied),
      previous: null,
    })
    await settle(ws, state)
    return state
  } finally {
    await install.abort()
  }
}

function refuseUnlessAhead(
  ws: PushJob['ws'],
  tip: OpenTip,
  found: Classification,
  collected: Collected,
): void {
  if (found === 'diverged') throw divergedError(ws, tip, collected.scan.messages)
  if (found === 'fast-forward') throw remoteAhead(tip)
}

/** What a forced push takes the place of. Its commit stays in the store, whatever the remote does with it. */
async function replace(job: PushJob, remote: Oid, state: SessionState | null): Promise<Replaced> {
  const { ws, file, device } = job
  await keepRef(ws.store, `replaced/${file.session}/${remote}`, remote)
  const tip = await readTip(ws, file.session, remote).catch(ignoreDamage)
  const seq = Math.max(tip?.trailers.seq ?? 0, state?.seq ?? 0)
  const open = tip ? await openTip(ws, tip, device).catch(ignoreDamage) : null
  return { commit: remote, seq, repo: open?.manifest.repo ?? null, links: open?.manifest.links ?? [] }
}

/** What cannot be read is replaced all the same: that is what --force is for. */
function ignoreDamage(error: unknown): null {
  if (error instanceof TeleportError) return null
  throw error
}
