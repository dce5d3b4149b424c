/** What this machine accepted last as the policy of one remote: a file in the store, the old or the new one. */

import path from 'node:path'
import { check, guarded, nullable, object, oneOf, text } from '../bundle/shape.ts'
import { readJson, removeJson, writeJson } from '../git-store/json-file.ts'
import type { Remote } from '../git-store/remote.ts'
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

/**
 * Null when the project's remote was never looked at, or there is none. Throws `store-damaged`: a lost pin is not the same
 * as none.
 */
export async function readPin(ws: Workspace): Promise<PolicyPin | null> {
  if (ws.project === null) return null
  const file = pinPath(ws, ws.project)
  const found = await readJson(file)
  return found === undefined ? null : check(shape, found, file, 'store-damaged')
}

export async function writePin(ws: Workspace, pin: PolicyPin): Promise<void> {
  await writeJson(pinPath(ws, ws.remote), pin)
}

/**
 * Takes over what was accepted in the store at `dir`, where this one has accepted nothing for the remote yet: both are of one
 * repository and one user. Throws `store-damaged`.
 */
export async function adoptPin(ws: Workspace, dir: string): Promise<void> {
  if ((await readPin(ws)) !== null) return
  const file = path.join(dir, ...placeOf(ws.remote))
  const found = await readJson(file)
  const pin = found === undefined ? null : check(shape, found, file, 'store-damaged')
  if (pin?.files) await writePin(ws, pin)
}

/** No error when there is none. */
export async function removePin(ws: Workspace): Promise<void> {
  await removeJson(pinPath(ws, ws.remote))
}

function pinPath({ store }: Workspace, remote: Remote): string {
  return store.path(...placeOf(remote))
}

function placeOf({ key }: Remote): readonly string[] {
  return ['policy-pins', `${key}.json`]
}
