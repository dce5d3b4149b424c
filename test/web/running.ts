/** `git teleport web` as its user runs it: a process of its own, which prints an address and goes on. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Seat } from '../journeys/seat.ts'
import { programFile } from '../support/cli.ts'
import { dig, isRecord, parseJson } from '../support/json.ts'

export interface RunningWeb {
  /** With the token. */
  readonly url: string
  readonly origin: string
  /** Of the document that it printed. */
  readonly members: readonly string[]
  /** What it has said on stderr so far. */
  said(): string
  /** Sends the signal and returns the exit code. */
  end(signal: 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGKILL'): Promise<number | null>
}

interface Teardown {
  teardown(work: () => Promise<void>): void
}

export async function startWeb(t: Teardown, seat: Seat, ...argv: readonly string[]): Promise<RunningWeb> {
  const { machine, top } = seat
  const args = [programFile, 'web', '--no-open', '--json', ...argv]
  const child = spawn(process.execPath, args, {
    cwd: top,
    env: { ...machine.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  let stderr = ''
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk
  })
  t.teardown(async () => {
    child.kill('SIGTERM')
    await closed
  })
  const line = await Promise.race([firstLine(child), closed.then(() => '')])
  if (line === '') throw new Error(`git teleport web ended: ${stderr}`)
  const told = parseJson(line)
  const url = String(dig(told, 'url'))
  return {
    url,
    members: isRecord(told) ? Object.keys(told) : [],
    origin: new URL(url).origin,
    said: () => stderr,
    async end(signal) {
      child.kill(signal)
      await closed
      return child.exitCode
    },
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stdout ?? []) {
    text += String(chunk)
    if (text.includes('\n')) return text
  }
  return text
}
