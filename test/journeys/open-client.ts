/** A process that looks like a client with a session open: the session's file names it, and its start time is right. */

import { spawn } from 'node:child_process'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { type Seat, session } from './seat.ts'

export interface OpenClient {
  readonly pid: number
  /** Ends the process and leaves its file, as a killed client does. */
  kill(): Promise<void>
  /** Ends it as `/exit` does. */
  exit(): Promise<void>
}

export async function openClient(t: ExecutionContext, seat: Seat, id = session): Promise<OpenClient> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' })
  const { pid } = child
  if (pid === undefined) throw new Error('sleep did not start')
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const kill = async () => {
    child.kill('SIGKILL')
    await ended
  }
  t.teardown(kill)
  const folder = path.join(seat.machine.config, 'sessions')
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, `${pid}.json`)
  const procStart = await startOf(pid)
  const startedAt = Date.now()
  const client = {
    pid,
    sessionId: id,
    cwd: seat.top,
    startedAt,
    procStart,
    version: '2.1.329',
    status: 'idle',
  }
  await writeFile(file, JSON.stringify(client))
  await writeFile(path.join(folder, `${pid}.${'0'.repeat(64)}.key`), '{"peerToken":"not for us"}')
  return {
    pid,
    kill,
    exit: async () => {
      await kill()
      await rm(file)
    },
  }
}

/** Field 22 of `/proc/<pid>/stat`, as the client writes it. */
async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}
