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

const mostMetaBytes = 64 * 1024

/** By the id of the call: where the transcript lies. One whose description names no call is left out. */
export async function findSubagents(files: readonly NamedFile[]): Promise<ReadonlyMap<string, string>> {
  const paths = new Map(files.map(({ name, path }) => [name, path]))
  const found = new Map<string, string>()
  for (const [name, path] of paths) {
    const [, stem] = /^(session-subdir\/subagents\/.+)\.meta\.json$/.exec(name) ?? []
    const transcript = stem === undefined ? undefined : paths.get(`${stem}.jsonl`)
    if (transcript === undefined) continue
    const call = callIn(await readSome(path, 0, mostMetaBytes))
    if (call !== undefined && !found.has(call)) found.set(call, transcript)
  }
  return found
}

function callIn(bytes: Buffer | undefined): string | undefined {
  try {
    const meta: unknown = JSON.parse(bytes?.toString() ?? '')
    const call = typeof meta === 'object' && meta !== null && 'toolUseId' in meta ? meta.toolUseId : undefined
    return typeof call === 'string' && call !== '' ? call : undefined
  } catch {
    return undefined
  }
}
