/** A conversation to be read: its rows, the subagents below it, and how its paths are shortened. */

import { readChunks } from '../claude/compare.ts'
import type { ClaudeHome } from '../claude/home.ts'
import type { Installation } from '../claude/install.ts'
import type { SessionFile } from '../claude/locate.ts'
import { readWholeLines } from '../claude/session-file.ts'
import { findSubagents, type NamedFile, subagentFiles } from '../claude/subagents.ts'
import { TeleportError } from '../errors.ts'
import type { Manifest, SessionId } from '../model.ts'
import type { Agents, Range } from '../review/conversation.ts'
import { splitLines } from '../review/lines.ts'
import type { AppliedFile } from './materialise.ts'
import type { Workspace } from './workspace.ts'

export interface Reading {
  /** From the beginning; may be asked for more than once, as long as the reading lasts. */
  lines(): AsyncIterable<Uint8Array>
  readonly agents: Agents
  /** Tops of the work trees that its paths may lie in. */
  readonly roots: readonly string[]
  /** What of it was asked for. */
  readonly range: Range
}

/** Those of a session that may be going on: what is half written is not read. */
export async function localAgents(claude: ClaudeHome, file: SessionFile): Promise<Agents> {
  return asAgents(await findSubagents(await subagentFiles(claude, file)), readWholeLines)
}

export async function stagedAgents(
  applied: ReadonlyMap<string, AppliedFile>,
  install: Installation,
): Promise<Agents> {
  return asAgents(await findSubagents(stagedFiles(applied, install)), readChunks)
}

export function stagedFiles(
  applied: ReadonlyMap<string, AppliedFile>,
  install: Installation,
): readonly NamedFile[] {
  return [...applied].flatMap(([name, { target, staged }]) =>
    target !== null && staged ? [{ name, path: install.stagedPath(target) }] : [],
  )
}

/** The conversation of a session that was staged whole. Throws `empty-session`. */
export function stagedTranscript(
  session: SessionId,
  applied: ReadonlyMap<string, AppliedFile>,
  install: Installation,
): { readonly path: string; readonly size: number } {
  const { target, staged } = applied.get('session.jsonl') ?? {}
  if (!target || !staged) throw noConversation(session)
  return { path: install.stagedPath(target), size: staged.size }
}

export function noConversation(session: SessionId): TeleportError {
  return new TeleportError('empty-session', `session ${session} holds no conversation`)
}

function asAgents(
  found: ReadonlyMap<string, NamedFile>,
  read: (path: string) => AsyncIterable<Uint8Array>,
): Agents {
  return new Map([...found].map(([call, { path }]) => [call, () => splitLines(read(path))]))
}

/** This work tree, and those of the machines where the session was. */
export function rootsOf(ws: Workspace, manifest: Manifest): readonly string[] {
  return [...new Set([ws.repo.top, ...manifest.origins.map(({ root }) => root)])]
}
