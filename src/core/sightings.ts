/** Which commits of each device's index this machine has seen: what an audit holds the remote's chain to. */

import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { type DeviceId, isOid, type Oid } from '../model.ts'
import type { Workspace } from './workspace.ts'

export interface Sighting {
  readonly seq: number
  readonly commit: Oid
}

/** Enough for what a machine sees in months; the oldest go first. */
const mostRemembered = 500

/** In the order in which they were seen; empty for a device that was never seen, or whose file is lost. */
export async function readSightings(ws: Workspace, device: DeviceId): Promise<readonly Sighting[]> {
  const value = await readCachedJson(fileOf(ws, device))
  return Array.isArray(value) ? value.flatMap(parseSighting) : []
}

export async function rememberSighting(ws: Workspace, device: DeviceId, sighting: Sighting): Promise<void> {
  const known = await readSightings(ws, device)
  if (known.some(({ commit }) => commit === sighting.commit)) return
  const rows = [...known, sighting].slice(-mostRemembered).map(({ seq, commit }) => [seq, commit])
  await writeJson(fileOf(ws, device), rows)
}

function fileOf(ws: Workspace, device: DeviceId): string {
  return ws.store.path('sightings', ws.remote.key, `${device}.json`)
}

function parseSighting(value: unknown): readonly Sighting[] {
  if (!Array.isArray(value)) return []
  const [seq, commit]: readonly unknown[] = value
  const fits =
    typeof seq === 'number' && Number.isSafeInteger(seq) && typeof commit === 'string' && isOid(commit)
  return fits ? [{ seq, commit }] : []
}
