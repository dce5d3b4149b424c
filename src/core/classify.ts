/** What a session's two sides have that the other has not. */

import { type Delta, planDelta } from '../bundle/plan.ts'
import type { Collected } from '../claude/collect.ts'
import { compareFiles, type FileRelation } from '../claude/compare.ts'
import type { Installation } from '../claude/install.ts'
import { isMaterial, tailIsMaterial } from '../claude/material.ts'
import type { Classification, LocalFile, Oid, SessionState } from '../model.ts'
import type { AppliedFile } from './materialise.ts'

/** L of DESIGN section 4: whether this machine's files differ materially from the record. */
export async function changedHere(
  files: readonly LocalFile[],
  delta: Delta,
  state: SessionState,
): Promise<boolean> {
  const paths = new Map(files.map((file) => [file.name, file.localPath]))
  for (const { row } of delta.sources) {
    if (!isMaterial(row.name)) continue
    const record = state.files[row.name]
    const path = record?.localPath ?? paths.get(row.name)
    if (row.name !== 'session.jsonl' || row.op !== 'append' || !record || !path) return true
    if (await tailIsMaterial(path, record.localSize, record.localSize + row.size)) return true
  }
  return false
}

/** The three-way classification, with a record of the last sync. */
export function classifyByRecord(
  changedLocally: boolean,
  remote: Oid | null,
  state: SessionState,
): Classification {
  if (remote === null) return 'gone'
  const moved = remote !== state.commit
  if (changedLocally && moved) return 'diverged'
  if (changedLocally) return 'local-ahead'
  return moved ? 'fast-forward' : 'same'
}

export async function changesSince(
  collected: Collected,
  state: SessionState,
): Promise<{ readonly delta: Delta; readonly changed: boolean }> {
  const delta = await planDelta(collected.files, state.files)
  return { delta, changed: await changedHere(collected.files, delta, state) }
}

/**
 * Without a record: the remote's session as it would be written here, file by file against what lies here.
 * Transcripts only grow, so a prefix tells who is ahead.
 */
export async function classifyByContent(
  applied: ReadonlyMap<string, AppliedFile>,
  install: Installation,
  collected: Collected,
): Promise<Classification> {
  const local = new Map(
    collected.files.filter((file) => isMaterial(file.name)).map((file) => [file.localPath, file]),
  )
  let remoteMore = false
  let localMore = false
  for (const [name, file] of applied) {
    if (!isMaterial(name) || file.target === null || file.staged === null) continue
    const mine = local.get(file.target)
    local.delete(file.target)
    const relation = mine ? await compareFiles(install.stagedPath(file.target), mine) : 'second-missing'
    if (relation === 'different') return 'diverged'
    if (isAhead(relation)) remoteMore = true
    if (relation === 'first-is-prefix') localMore = (await growsMaterially(name, file, mine)) || localMore
  }
  if (local.size > 0) localMore = true
  if (remoteMore && localMore) return 'diverged'
  if (remoteMore) return 'fast-forward'
  return localMore ? 'local-ahead' : 'same'
}

function isAhead(relation: FileRelation | 'second-missing'): boolean {
  return relation === 'second-is-prefix' || relation === 'second-missing'
}

async function growsMaterially(
  name: string,
  file: AppliedFile,
  mine: LocalFile | undefined,
): Promise<boolean> {
  if (name !== 'session.jsonl' || !mine || !file.staged) return true
  return tailIsMaterial(mine.localPath, file.staged.size, mine.size)
}
