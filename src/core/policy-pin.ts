/** What this machine accepted last as the policy of one remote: a file in the store, the old or the new one. */

import path from 'node:path'
import { check, guarded, nullable, object, oneOf, text } from '../bundle/shape.ts'
import { readJson, removeJson, writeJson } from '../git-store/json-file.ts'
import { isOid, type Oid } from '../model.ts'
import { maxPolicyBytes, type PolicyFiles } from '../trust/policy-text.ts'
import type { Workspace } from './workspace.ts'

export interface PolicyPin {
  readonly format: 1
  /** What HEAD was when it was last looked at. */
  readonly commit: Oid
  /** The files at that commit, so that nothing has to be looked up offline; null: there were never any. */
  readonly files: PolicyFiles | null
}

const file = nullable(text(maxPolicyBytes))
const shape = object({
  format: oneOf(1),
  commit: guarded(isOid),
  files: nullable(object({ allowed_signers: file, recipients: file, config: file })),
})

/** Null when this remote was never looked at. Throws `store-damaged`: a lost pin is not the same as none. */
export async function readPin(ws: Workspace): Promise<PolicyPin | null> {
  const found = await readJson(pinPath(ws))
  return found === undefined ? null : check(shape, found, pinPath(ws), 'store-damaged')
}

export async function writePin(ws: Workspace, pin: PolicyPin): Promise<void> {
  await writeJson(pinPath(ws), pin)
}

/**
 * Takes over what was accepted in the store at `dir`, where this one has accepted nothing for the remote yet: both are of one
 * repository and one user. Throws `store-damaged`.
 */
export async function adoptPin(ws: Workspace, dir: string): Promise<void> {
  if ((await readPin(ws)) !== null) return
  const file = path.join(dir, ...placeOf(ws))
  const found = await readJson(file)
  const pin = found === undefined ? null : check(shape, found, file, 'store-damaged')
  if (pin?.files) await writePin(ws, pin)
}

/** No error when there is none. */
export async function removePin(ws: Workspace): Promise<void> {
  await removeJson(pinPath(ws))
}

function pinPath(ws: Workspace): string {
  return ws.store.path(...placeOf(ws))
}

function placeOf(ws: Workspace): readonly string[] {
  return ['policy-pins', `${ws.remote.key}.json`]
}
