/** Reads what git's plumbing prints with `-z`, and writes what it reads. Paths are bytes, kept as Latin-1. Pure. */

import { isOid, type Oid } from '../model.ts'

/** One path of `git diff-files`, `diff-index` or `diff-tree` with `--raw -z`. */
export interface RawChange {
  readonly oldMode: string
  readonly newMode: string
  readonly oldOid: Oid
  readonly newOid: Oid
  /** `A`, `D`, `M`, `T` or `U`. */
  readonly status: string
  /** Each character is one byte. */
  readonly path: string
}

export const gitlinkMode = '160000'
export const linkMode = '120000'

/** Renames must be off. What is not in the form is left out. */
export function parseRawChanges(output: Buffer): readonly RawChange[] {
  const fields = splitZ(output)
  const changes: RawChange[] = []
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [, oldMode, newMode, oldOid = '', newOid = '', status] =
      /^:(\d{6}) (\d{6}) ([0-9a-f]+) ([0-9a-f]+) ([A-Z])/.exec(fields[at] ?? '') ?? []
    const path = fields[at + 1]
    if (!oldMode || !newMode || !status || !isOid(oldOid) || !isOid(newOid) || !path) continue
    changes.push({ oldMode, newMode, oldOid, newOid, status, path })
  }
  return changes
}

/** One path of `git ls-tree -r -z`. */
export interface TreePath {
  readonly mode: string
  readonly oid: Oid
  readonly path: string
}

export function parseTreePaths(output: Buffer): readonly TreePath[] {
  return splitZ(output).flatMap((line) => {
    const [, mode, oid = '', path] = /^(\d{6}) [a-z]+ ([0-9a-f]+)\t([\s\S]+)$/.exec(line) ?? []
    return mode && isOid(oid) && path ? [{ mode, oid, path }] : []
  })
}

/** Fields that end with a NUL. */
export function splitZ(output: Buffer): readonly string[] {
  return output.toString('latin1').split('\0').slice(0, -1)
}

/** The input of `--stdin -z`. */
export function joinZ(paths: readonly string[]): Buffer {
  return Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1')
}

/** The input of `git update-index -z --index-info`. */
export function indexInfo(entries: readonly TreePath[]): Buffer {
  return joinZ(entries.map(({ mode, oid, path }) => `${mode} ${oid}\t${path}`))
}

/** For a message: the bytes as the text that they most likely are. */
export function pathText(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8')
}
