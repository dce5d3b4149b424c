/** Finds the root commits of a history, walking only what is new since the last time. */

import { existsSync } from 'node:fs'
import path from 'node:path'
import { isOid, type Oid } from '../model.ts'
import { askGit, type GitContext, mustAskGit } from './git.ts'
import { readJson, writeJson } from './json-file.ts'

interface Known {
  readonly head: Oid
  readonly roots: readonly Oid[]
}

/** Sorted. A cache that is missing, damaged or of another history costs one walk of everything. */
export async function findRoots(context: GitContext, head: Oid, cacheFile: string): Promise<readonly Oid[]> {
  const known = parseKnown(await readJson(cacheFile).catch(() => undefined))
  if (known?.head === head) return known.roots
  const roots = await walk(context, head, known)
  // Best effort: a cache that cannot be written only costs time. Its folder is not ours to make: an empty one would
  // stand in the way of the store.
  if (existsSync(path.dirname(cacheFile))) await writeJson(cacheFile, { head, roots }).catch(() => undefined)
  return roots
}

async function walk(context: GitContext, head: Oid, known: Known | undefined): Promise<readonly Oid[]> {
  const older = known && (await isAncestor(context, known.head, head)) ? known : undefined
  const range = older ? [head, `^${older.head}`] : [head]
  const listed = await mustAskGit(context, ['rev-list', '--max-parents=0', ...range, '--'])
  const found = listed.toString().split('\n').filter(isOid)
  return [...new Set([...found, ...(older?.roots ?? [])])].sort()
}

async function isAncestor(context: GitContext, older: Oid, newer: Oid): Promise<boolean> {
  return (await askGit(context, ['merge-base', '--is-ancestor', older, newer])).exitCode === 0
}

function parseKnown(value: unknown): Known | undefined {
  if (typeof value !== 'object' || value === null || !('head' in value) || !('roots' in value))
    return undefined
  const { head, roots } = value
  if (typeof head !== 'string' || !isOid(head) || !Array.isArray(roots)) return undefined
  const oids = roots.filter((root): root is Oid => typeof root === 'string' && isOid(root))
  return oids.length === roots.length && oids.length > 0 ? { head, roots: oids } : undefined
}
