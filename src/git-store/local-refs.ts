/** References of the store: lists and compare-and-swap transactions. Only git writes them. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { askGit, type GitContext, gitFailed, mustAskGit } from './git.ts'
import type { RefUpdate } from './remote-refs.ts'

/** Another command of ours may hold the lock of a ref, on a busy machine longer than git waits: 100 ms. */
export const lockPatience = ['core.filesRefLockTimeout', '3000'] as const

/** Every ref in `folder`, or the one ref of that name. */
export async function listRefs(context: GitContext, folder: string): Promise<ReadonlyMap<string, Oid>> {
  const listed = await mustAskGit(context, ['for-each-ref', '--format=%(objectname) %(refname)', folder])
  const rows = listed.toString().split('\n').slice(0, -1)
  return new Map(
    rows.flatMap((row): [string, Oid][] => {
      const space = row.indexOf(' ')
      const oid = row.slice(0, space)
      return isOid(oid) ? [[row.slice(space + 1), oid]] : []
    }),
  )
}

/** `null` when there is no such ref. A loose one is read as the file that it is: asking git takes fifty times as long. */
export async function readRef(context: GitContext, ref: string): Promise<Oid | null> {
  const { GIT_DIR: dir = '' } = context.environment
  const loose = (await readFile(path.join(dir, ref), 'utf8').catch(() => '')).trimEnd()
  if (isOid(loose)) return loose
  const answer = await askGit(context, ['rev-parse', '--verify', '--quiet', ref])
  const oid = answer.stdout.toString().trimEnd()
  return answer.exitCode === 0 && isOid(oid) ? oid : null
}

/**
 * All or none. A ref that somebody else has moved to where it was to go is done. Throws `store-busy` when a ref is not
 * what was expected, `git-failed` for any other reason.
 */
export async function updateRefs(context: GitContext, updates: readonly RefUpdate[]): Promise<void> {
  if (updates.length === 0) return
  const args = ['-c', `${lockPatience[0]}=${lockPatience[1]}`, 'update-ref', '--stdin', '-z']
  const answer = await askGit(context, args, updates.map(instruction).join(''))
  if (answer.exitCode === 0) return
  const left: RefUpdate[] = []
  for (const update of updates) {
    const { ref, expected, next } = update
    const current = await readRef(context, ref)
    if (next !== null && current === next) continue
    left.push(update)
    if (current === expected) continue
    throw new TeleportError('store-busy', 'another git-teleport command changed the store meanwhile', {
      hint: 'run the command again',
      data: { ref },
    })
  }
  if (left.length === updates.length) throw gitFailed(['update-ref'], answer)
  await updateRefs(context, left)
}

/** git takes an empty old value for "whatever it is", so that nothing must be spelled as zeros. */
function instruction({ ref, expected, next }: RefUpdate): string {
  const length = (expected ?? next)?.length ?? 40
  const old = expected ?? '0'.repeat(length)
  if (next === null) return expected === null ? `verify ${ref}\0${old}\0` : `delete ${ref}\0${old}\0`
  return `update ${ref}\0${next}\0${old}\0`
}
