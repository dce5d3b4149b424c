/** How a session's copy on this machine stands to what the remote has. */

import type { Classification, SessionState } from '../model.ts'
import { changesSince, classifyByContent, classifyByRecord, hasShrunk } from './classify.ts'
import { stagedMessages } from './diverged.ts'
import type { LocalSide } from './local-side.ts'
import { continues, emptyBase, type LogBase, materialise } from './materialise.ts'
import { type Place, type PlaceOptions, placeOfCopy } from './place.ts'
import type { TrustedTip } from './trusted-tip.ts'
import { type Workspace, withInstallation } from './workspace.ts'

export interface Standing {
  readonly found: Classification
  /** Where the copy is; undefined when it belongs to a checkout that nobody remembers. */
  readonly place: Place | undefined
  /** What the remote's log can be applied on: the record of the last sync, or nothing. */
  readonly base: LogBase
  /** Of the remote's session, where both sides went on and it was read. */
  readonly messages: number | null
}

/**
 * By the record of the last sync; by content where there is none, or it says that both sides went on. It may be older
 * than both: a pull was killed before it could write it, or a push landed whose answer did not.
 */
export async function compareSides(
  ws: Workspace,
  tip: TrustedTip,
  local: LocalSide,
  state: SessionState | null,
  options: PlaceOptions,
): Promise<Standing> {
  const place = placeOfCopy(ws, tip, local, state, options)
  // What the record says of an older copy is not what lies here.
  const known = local.recorded && state && !hasShrunk(local.collected, state) ? state : null
  const changed = known === null || (await changesSince(local.collected, known)).changed
  if (known && continues(tip, known)) {
    const found = classifyByRecord(changed, tip.commit, known)
    if (found !== 'diverged') return { found, place, base: known, messages: null }
  }
  // The log was replaced since, and nothing was added here.
  if (!changed) return { found: 'fast-forward', place, base: emptyBase, messages: null }
  if (!place) return { found: 'diverged', place, base: emptyBase, messages: null }
  const asItIs = { ...place, deep: known?.deep ?? false }
  return { ...(await byContent(ws, tip, local, asItIs)), place, base: emptyBase }
}

/** Compares what the remote's session would be in the copy's own place with the copy. */
async function byContent(
  ws: Workspace,
  tip: TrustedTip,
  local: LocalSide,
  place: Place,
): Promise<Pick<Standing, 'found' | 'messages'>> {
  return withInstallation(ws, tip.session, async (install) => {
    const applied = await materialise(ws, tip, emptyBase, place, install)
    const found = await classifyByContent(applied, install, local.collected, tip.manifest.title)
    return { found, messages: found === 'diverged' ? await stagedMessages(applied, install) : null }
  })
}
