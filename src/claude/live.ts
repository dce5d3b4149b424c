/** Which sessions are open in a running client. */

import { readdir } from 'node:fs/promises'
import { fileError } from '../errors.ts'
import { isSessionId, type SessionId } from '../model.ts'
import type { ClaudeHome } from './home.ts'
import { pathRules } from './platform-path.ts'
import { hasEnded, isRunning, startTicks } from './process-start.ts'
import { isMissing, readSome } from './session-file.ts'

export interface LiveClient {
  readonly pid: number
  readonly session: SessionId
  readonly cwd: string
}

/**
 * What `<config>/sessions/<pid>.json` says and the system confirms: the process runs, and began when the file says.
 * Where the start cannot be compared, a running process counts as the client: the safe mistake.
 */
export async function liveClients(claude: ClaudeHome): Promise<readonly LiveClient[]> {
  const folder = pathRules(claude.platform).join(claude.config, 'sessions')
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw fileError(error, `reading ${folder}`)
  })
  const found = await Promise.all(
    names
      .filter((name) => /^\d{1,10}\.json$/.test(name))
      .map((name) => readClient(pathRules(claude.platform).join(folder, name), Number.parseInt(name, 10))),
  )
  return found.filter((client) => client !== undefined)
}

const mostBytes = 64 * 1024

async function readClient(file: string, pid: number): Promise<LiveClient | undefined> {
  // Clients come and go: a file that vanished, or is half written, is no client.
  const bytes = await readSome(file, 0, mostBytes).catch(() => undefined)
  const record = bytes && parseRecord(bytes.toString())
  const session = record?.get('sessionId')
  const cwd = record?.get('cwd')
  if (typeof session !== 'string' || !isSessionId(session) || !isRunning(pid)) return undefined
  if (await hasEnded(pid)) return undefined
  if (!(await beganWhen(pid, record?.get('procStart')))) return undefined
  return { pid, session, cwd: typeof cwd === 'string' ? cwd : '' }
}

function parseRecord(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}

/** Compared only when both sides are a count of clock ticks. */
async function beganWhen(pid: number, recorded: unknown): Promise<boolean> {
  const text = typeof recorded === 'number' ? String(recorded) : recorded
  if (typeof text !== 'string' || !/^\d{1,11}$/.test(text)) return true
  const ticks = await startTicks(pid)
  return ticks === null || ticks === Number(text)
}
