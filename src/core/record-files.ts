/** The file table of the state record, as it is once a materialised log has been installed. */

import { createHash } from 'node:crypto'
import { saveRowLinks } from '../claude/row-links.ts'
import { asSha256, type FileRecord, type LocalFile, type SessionState } from '../model.ts'
import type { AppliedFile, LogBase } from './materialise.ts'

const emptySha256 = asSha256(createHash('sha256').digest('hex'))

/** @param history this session's rows of the prompt history as they lie here now, or null when there are none */
export async function recordFiles(
  applied: ReadonlyMap<string, AppliedFile>,
  base: LogBase,
  history: LocalFile | null,
): Promise<Readonly<Record<string, FileRecord>>> {
  const records: [string, FileRecord][] = []
  for (const [name, file] of applied) {
    records.push([
      name,
      name === 'history.jsonl' ? await historyRecord(file, history) : record(name, file, base),
    ])
  }
  return Object.fromEntries(records)
}

function record(name: string, file: AppliedFile, base: LogBase): FileRecord {
  const known = base.files[name]
  if (
    known &&
    file.staged === null &&
    !file.progress.gone &&
    known.gen === file.progress.gen &&
    known.size === file.progress.size
  ) {
    return { ...known, chain: file.progress.chain }
  }
  if (file.target === null || file.staged === null || file.progress.gone)
    return logical(file, { localPath: '', localSize: 0, localSha256: emptySha256 })
  return logical(file, {
    localPath: file.target,
    localSize: file.staged.size,
    localSha256: file.staged.sha256,
  })
}

async function historyRecord(file: AppliedFile, history: LocalFile | null): Promise<FileRecord> {
  if (!history) return logical(file, { localPath: '', localSize: 0, localSha256: emptySha256 })
  const hash = createHash('sha256')
  for await (const chunk of history.read(0, history.size)) hash.update(chunk)
  return logical(file, {
    localPath: history.localPath,
    localSize: history.size,
    localSha256: asSha256(hash.digest('hex')),
  })
}

function logical(
  file: AppliedFile,
  local: Pick<FileRecord, 'localPath' | 'localSize' | 'localSha256'>,
): FileRecord {
  const { gen, size, chain, gone, path } = file.progress
  return { gen, size, chain, ...(gone ? { gone } : {}), ...(path === undefined ? {} : { path }), ...local }
}

/** Rows that were left out, of the transcripts that had any. */
export function recordLinks(applied: ReadonlyMap<string, AppliedFile>): SessionState['links'] {
  const links = [...applied].map(([name, file]) => [name, saveRowLinks(file.links)] as const)
  return Object.fromEntries(links.filter(([, pairs]) => pairs.length > 0))
}
