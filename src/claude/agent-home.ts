/** The folder in which a program's sessions lie: laid out as Claude Code's own, so that everything reads it as that. */

import { lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { fileError, TeleportError } from '../errors.ts'
import { isSessionId, type SessionId } from '../model.ts'
import { type AgentRow, finishBatch, isAgentRow, readRows } from './append-rows.ts'
import { writeDurable } from './durable-file.ts'
import { isPlainName, isSubdirName } from './local-name.ts'
import { isMissing } from './session-file.ts'

/** The one project folder of it: which machine's folder a session is from decides nothing here. */
export const agentProject = 'sessions'

export interface AgentHome {
  /** Stands for `CLAUDE_CONFIG_DIR`. */
  readonly config: string
}

export interface HeldSession {
  readonly session: SessionId
  /** Of the newest of its transcripts. */
  readonly mtimeMs: number
}

/** Where a transcript lies. Throws `usage` for a subpath that cannot travel in a bundle. */
export function agentTranscript(home: AgentHome, session: SessionId, subpath?: string): string {
  const project = path.join(home.config, 'projects', agentProject)
  if (subpath === undefined) return path.join(project, `${session}.jsonl`)
  const steps = `${subpath}.jsonl`.split('/')
  if (steps[0] !== 'subagents' || !steps.every(isPlainName) || !isSubdirName(steps)) {
    throw new TeleportError('usage', `"${subpath.slice(0, 80)}" is no subpath of a session`, {
      hint: 'such as: subagents/agent-a1b2c3',
    })
  }
  return path.join(project, session, ...steps)
}

/** What is kept for a session beside its transcripts. */
export function agentFile(home: AgentHome, kind: 'intent' | 'sent' | 'summary', session: SessionId): string {
  return path.join(home.config, 'agent', kind, session)
}

/** Makes the folder of a session's lock. */
export async function agentLockFolder(home: AgentHome, session: SessionId): Promise<string> {
  const folder = path.join(home.config, 'agent', 'locks', session)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return folder
  } catch (error) {
    throw fileError(error, `making ${folder}`)
  }
}

export async function heldSessions(home: AgentHome): Promise<readonly HeldSession[]> {
  const names = await namesIn(path.join(home.config, 'projects', agentProject))
  const ids = new Set(names.map((name) => name.replace(/\.jsonl$/, '')).filter(isSessionId))
  const held = await Promise.all(
    [...ids].map(async (session) => ({ session, mtimeMs: await newest(home, session) })),
  )
  return held.filter(({ mtimeMs }) => mtimeMs > 0)
}

/** The subpaths of a session that have a transcript, sorted. */
export async function agentSubpaths(home: AgentHome, session: SessionId): Promise<readonly string[]> {
  const top = path.join(home.config, 'projects', agentProject, session)
  const found: string[] = []
  const look = async (steps: readonly string[]): Promise<void> => {
    for (const entry of await entriesIn(path.join(top, ...steps))) {
      const next = [...steps, entry.name]
      if (entry.isDirectory() && next.length < 4) await look(next)
      else if (entry.isFile() && entry.name.endsWith('.jsonl') && isSubdirName(next))
        found.push(next.join('/').replace(/\.jsonl$/, ''))
    }
  }
  await look(['subagents'])
  return found.sort()
}

/**
 * The rows of one transcript, null where there is none. What the client keeps about a subagent in a file beside it comes
 * as an `agent_metadata` row, as the store's interface wants it.
 */
export async function readAgentRows(
  home: AgentHome,
  session: SessionId,
  subpath?: string,
): Promise<readonly AgentRow[] | null> {
  const file = agentTranscript(home, session, subpath)
  const rows = await readRows(file)
  const meta = subpath === undefined || rows.some(isMeta) ? undefined : await readMeta(metaFile(file))
  const all = meta ? [...rows, meta] : rows
  return all.length > 0 ? all : null
}

/** Keeps the newest `agent_metadata` row where the client looks for it. */
export async function writeAgentMeta(
  home: AgentHome,
  session: SessionId,
  subpath: string,
  rows: readonly AgentRow[],
): Promise<void> {
  const newest = rows.findLast(isMeta)
  if (!newest) return
  const { type: _type, ...meta } = newest
  await writeDurable(metaFile(agentTranscript(home, session, subpath)), JSON.stringify(meta))
}

/** Finishes what a killed writer left half-done, and says how much there is: the same text as long as nothing is added. */
export async function settleTranscripts(home: AgentHome, session: SessionId): Promise<string> {
  const intent = agentFile(home, 'intent', session)
  const sizes: string[] = []
  for (const subpath of [undefined, ...(await agentSubpaths(home, session))]) {
    const file = agentTranscript(home, session, subpath)
    await finishBatch(file, intent)
    const found = await look(file)
    sizes.push(`${subpath ?? ''} ${found?.size ?? 0} ${found?.ino ?? 0}`)
  }
  return `${sizes.join('\n')}\n`
}

/** What was there when all of it had been sent; undefined when that never was. */
export async function readSent(home: AgentHome, session: SessionId): Promise<string | undefined> {
  return readFile(agentFile(home, 'sent', session), 'utf8').catch(() => undefined)
}

export async function writeSent(home: AgentHome, session: SessionId, sizes: string): Promise<void> {
  await writeKept(agentFile(home, 'sent', session), sizes)
}

/** What a summary was made of, and the summary; undefined where there is none that can be read. */
export async function readSummary(home: AgentHome, session: SessionId): Promise<unknown> {
  const text = await readFile(agentFile(home, 'summary', session), 'utf8').catch(() => '')
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export async function writeSummary(home: AgentHome, session: SessionId, summary: unknown): Promise<void> {
  await writeKept(agentFile(home, 'summary', session), JSON.stringify(summary))
}

/** What identifies the bytes of a transcript without reading them. */
export async function transcriptStamp(
  home: AgentHome,
  session: SessionId,
): Promise<{ readonly inode: number; readonly size: number; readonly mtimeMs: number } | undefined> {
  const found = await look(agentTranscript(home, session))
  return found && { inode: found.ino, size: found.size, mtimeMs: Math.floor(found.mtimeMs) }
}

/** Everything of a session, or one of its subagents. */
export async function removeHeld(home: AgentHome, session: SessionId, subpath?: string): Promise<void> {
  const transcript = agentTranscript(home, session, subpath)
  const besides =
    subpath === undefined
      ? [
          path.join(home.config, 'projects', agentProject, session),
          ...['file-history', 'tasks', 'uploads'].map((folder) => path.join(home.config, folder, session)),
          ...(['intent', 'sent', 'summary'] as const).map((kind) => agentFile(home, kind, session)),
        ]
      : [metaFile(transcript)]
  for (const place of [transcript, ...besides]) {
    await rm(place, { recursive: true, force: true }).catch((error: unknown) => {
      throw fileError(error, `removing ${place}`)
    })
  }
}

async function writeKept(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  await writeDurable(file, text)
}

const isMeta = ({ type }: AgentRow) => type === 'agent_metadata'

const metaFile = (transcript: string) => transcript.replace(/\.jsonl$/, '.meta.json')

async function readMeta(file: string): Promise<AgentRow | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'))
    const row: unknown =
      typeof value === 'object' && value !== null ? { type: 'agent_metadata', ...value } : undefined
    return isAgentRow(row) ? row : undefined
  } catch {
    return undefined
  }
}

async function newest(home: AgentHome, session: SessionId): Promise<number> {
  const subpaths = await agentSubpaths(home, session)
  const files = [undefined, ...subpaths].map((subpath) => agentTranscript(home, session, subpath))
  const found = await Promise.all(files.map(look))
  return Math.floor(Math.max(0, ...found.map((each) => each?.mtimeMs ?? 0)))
}

async function look(file: string): Promise<{ size: number; ino: number; mtimeMs: number } | undefined> {
  try {
    return await lstat(file)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileError(error, `looking at ${file}`)
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await entriesIn(folder)).map((entry) => entry.name)
}

async function entriesIn(folder: string) {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw fileError(error, `reading ${folder}`)
  }
}
