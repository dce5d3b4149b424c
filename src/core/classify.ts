/** What a session's two sides have that the other has not. */

import { type Delta, planDelta } from '../bundle/plan.ts'
import type { Collected } from '../claude/collect.ts'
import { commonLines, compareFiles } from '../claude/compare.ts'
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
    const { title } = state.manifest
    if (await tailIsMaterial(path, record.localSize, record.localSize + row.size, title)) return true
  }
  return false
}

/**
 * The transcript is shorter than when it was last sent or received. The client only ever adds to it, so this is an older
 * copy, as from a backup or another configuration folder, or one that somebody cut.
 */
export function hasShrunk({ files }: Pick<Collected, 'files'>, state: SessionState): boolean {
  const record = state.files['session.jsonl']
  const file = files.find(({ name }) => name === 'session.jsonl')
  return record !== undefined && file !== undefined && file.size < record.localSize
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
 * Transcripts only grow, so what both have in common tells who is ahead.
 */
export async function classifyByContent(
  applied: ReadonlyMap<string, AppliedFile>,
  install: Installation,
  collected: Collected,
  title: string | null,
): Promise<Classification> {
  const local = new Map(
    collected.files.filter((file) => isMaterial(file.name)).map((file) => [file.localPath, file]),
  )
  const more = { remote: false, local: false }
  for (const [name, file] of applied) {
    if (!isMaterial(name) || file.target === null || file.staged === null) continue
    const mine = local.get(file.target)
    local.delete(file.target)
    const staged = { path: install.stagedPath(file.target), size: file.staged.size }
    const found = mine ? await compareFile(name, staged, mine, title) : { remote: true, local: false }
    if (found === 'different') return 'diverged'
    more.remote ||= found.remote
    more.local ||= found.local
  }
  if (local.size > 0) more.local = true
  if (more.remote && more.local) return 'diverged'
  if (more.remote) return 'fast-forward'
  return more.local ? 'local-ahead' : 'same'
}

/** Which side has more of one file. */
interface More {
  readonly remote: boolean
  readonly local: boolean
}

interface Staged {
  readonly path: string
  readonly size: number
}

async function compareFile(
  name: string,
  staged: Staged,
  mine: LocalFile,
  title: string | null,
): Promise<More | 'different'> {
  if (name === 'session.jsonl') return compareTranscripts(staged, mine, title)
  const relation = await compareFiles(staged.path, mine)
  if (relation === 'different') return 'different'
  return { remote: relation === 'second-is-prefix', local: relation === 'first-is-prefix' }
}

/** Rows without conversation at the end of one side do not count against what the other side has. */
async function compareTranscripts(staged: Staged, mine: LocalFile, title: string | null): Promise<More> {
  const common = await commonLines(staged.path, mine)
  const [remote, local] = [staged.size > common, mine.size > common]
  const localIsMaterial = local && (await tailIsMaterial(mine.localPath, common, mine.size, title))
  if (!remote || !localIsMaterial) return { remote, local: localIsMaterial }
  return { remote: await tailIsMaterial(staged.path, common, staged.size, title), local: true }
}
