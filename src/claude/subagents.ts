/** The transcripts of a session's subagents, by the call that started each. */

import { gatherTree } from './gather.ts'
import type { ClaudeHome } from './home.ts'
import type { SessionFile } from './locate.ts'
import { pathRules } from './platform-path.ts'
import { readSome } from './session-file.ts'

export interface NamedFile {
  /** As in a bundle: `session-subdir/subagents/agent-<id>.jsonl`. */
  readonly name: string
  readonly path: string
}

/** Beside a transcript on this machine. */
export async function subagentFiles(claude: ClaudeHome, file: SessionFile): Promise<readonly NamedFile[]> {
  const folder = pathRules(claude.platform).join(claude.config, 'projects', file.projectDir, file.session)
  const { files } = await gatherTree(
    claude.platform,
    folder,
    ['subagents'],
    (steps) => `session-subdir/${steps.join('/')}`,
  )
  return files.map(({ name, localPath }) => ({ name, path: localPath }))
}

/** By its name in a bundle. */
export function isSubagentFile(name: string): boolean {
  return name.startsWith('session-subdir/subagents/')
}

export const mostMetaBytes = 64 * 1024

/** By the id of the call: the transcript. One whose description names no call is left out. */
export function findSubagents(files: readonly NamedFile[]): Promise<ReadonlyMap<string, NamedFile>> {
  const paths = new Map(files.map((file) => [file.name, file]))
  return subagentsAmong(paths, ({ path }) => readSome(path, 0, mostMetaBytes))
}

/** The same of what lies elsewhere. `read` gives the beginning of a description. */
export async function subagentsAmong<T>(
  files: ReadonlyMap<string, T>,
  read: (file: T) => Promise<Uint8Array | undefined>,
): Promise<ReadonlyMap<string, T>> {
  const found = new Map<string, T>()
  for (const [name, file] of files) {
    const [, stem] = /^(session-subdir\/subagents\/.+)\.meta\.json$/.exec(name) ?? []
    const transcript = stem === undefined ? undefined : files.get(`${stem}.jsonl`)
    if (transcript === undefined) continue
    const call = callIn(await read(file))
    if (call !== undefined && !found.has(call)) found.set(call, transcript)
  }
  return found
}

function callIn(bytes: Uint8Array | undefined): string | undefined {
  try {
    const meta: unknown = JSON.parse(new TextDecoder().decode(bytes))
    const call = typeof meta === 'object' && meta !== null && 'toolUseId' in meta ? meta.toolUseId : undefined
    return typeof call === 'string' && call !== '' ? call : undefined
  } catch {
    return undefined
  }
}
