/** Which sessions are open in a running client. */

import { readdir } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
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
export async function liveClients(
  claude: ClaudeHome,
  pause: () => Promise<unknown> = () => setTimeout(pauseMs),
): Promise<readonly LiveClient[]> {
  const folder = pathRules(claude.platform).join(claude.config, 'sessions')
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw fileError(error, `reading ${folder}`)
  })
  const found = await Promise.all(
    names
      .filter((name) => /^\d{1,10}\.json$/.test(name))
      .map((name) =>
        readClient(pathRules(claude.platform).join(folder, name), Number.parseInt(name, 10), pause),
      ),
  )
  return found.filter((client) => client !== undefined)
}

const mostBytes = 64 * 1024

/** A client writes its small file in one go. */
const pauseMs = 50
const mostReads = 4

async function readClient(
  file: string,
  pid: number,
  pause: () => Promise<unknown>,
): Promise<LiveClient | undefined> {
  if (!isRunning(pid)) return undefined
  let record = await readRecord(file)
  // Caught half-written it must not count as closed. What stays unreadable names no session that could be.
  for (let reads = 1; record === 'unreadable' && reads < mostReads; reads += 1) {
    await pause()
    record = await readRecord(file)
  }
  if (record === undefined || record === 'unreadable') return undefined
  const session = record.get('sessionId')
  const cwd = record.get('cwd')
  if (typeof session !== 'string' || !isSessionId(session) || !isRunning(pid)) return undefined
  if (await hasEnded(pid)) return undefined
  if (!(await beganWhen(pid, record.get('procStart')))) return undefined
  return { pid, session, cwd: typeof cwd === 'string' ? cwd : '' }
}

/** `undefined`: clients come and go, and the file with them. One that changes while it is read may fail to be. */
async function readRecord(file: string): Promise<ReadonlyMap<string, unknown> | 'unreadable' | undefined> {
  try {
    const bytes = await readSome(file, 0, mostBytes)
    const value: unknown = bytes && JSON.parse(bytes.toString())
    return typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined
  } catch {
    return 'unreadable'
  }
}

/** Compared only when both sides are a count of clock ticks. */
async function beganWhen(pid: number, recorded: unknown): Promise<boolean> {
  const text = typeof recorded === 'number' ? String(recorded) : recorded
  if (typeof text !== 'string' || !/^\d{1,11}$/.test(text)) return true
  const ticks = await startTicks(pid)
  return ticks === null || ticks === Number(text)
}
