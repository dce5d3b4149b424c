/** A transcript as far as it is written now, with its subagents: what comes later does not change it. */

import { lstat } from 'node:fs/promises'
import { fileError } from '../errors.ts'
import type { ClaudeHome } from './home.ts'
import type { SessionFile } from './locate.ts'
import { isMissing, plainSize, readRange, sizeInLines } from './session-file.ts'
import { findSubagents, type NamedFile, subagentFiles } from './subagents.ts'

export interface TranscriptNow {
  /** Bytes, up to a line feed. */
  readonly size: number
  /** The same for as long as it is this file, to which lines are added. */
  readonly mark: string
  /** The same for as long as no subagent said more. */
  readonly agentsMark: string
  /** Bytes from there on. */
  read(from: number): AsyncIterable<Uint8Array>
  /** By the id of the call that started it: its bytes. */
  readonly agents: ReadonlyMap<string, () => AsyncIterable<Uint8Array>>
}

/** Of a session on this machine. Undefined when it is gone. */
export async function localTranscript(
  claude: ClaudeHome,
  file: SessionFile,
): Promise<TranscriptNow | undefined> {
  return transcriptNow(file.path, await subagentFiles(claude, file))
}

export async function transcriptNow(
  path: string,
  files: readonly NamedFile[],
): Promise<TranscriptNow | undefined> {
  const found = await lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined
    throw fileError(error, `looking at ${path}`)
  })
  if (!found?.isFile()) return undefined
  const size = await sizeInLines(path, found.size)
  const sizes: string[] = []
  const agents = new Map<string, () => AsyncIterable<Uint8Array>>()
  for (const [call, { path: agent }] of await findSubagents(files)) {
    const agentSize = await sizeInLines(agent, (await plainSize(agent)) ?? 0)
    sizes.push(`${call} ${agentSize}`)
    agents.set(call, () => readRange(agent, 0, agentSize))
  }
  return {
    size,
    mark: `${found.dev} ${found.ino}`,
    agentsMark: sizes.sort().join('\n'),
    read: (from) => readRange(path, from, size),
    agents,
  }
}
