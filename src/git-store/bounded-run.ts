/** Runs a program that speaks for another machine: what it prints is bounded, and it ends when we are interrupted. */

import { spawn } from 'node:child_process'
import { stopIfInterrupted, TeleportError } from '../errors.ts'
import { endWithUs, leaveOthersBehind } from './git.ts'

export interface ChannelAnswer {
  /** 255 when a signal ended it. */
  readonly exitCode: number
  readonly stdout: string
  /** The end of it. */
  readonly stderr: string
}

export interface BoundedRun {
  /** Whom it speaks for. */
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

const mostOutput = 16 * 1024 * 1024
const mostErrors = 64 * 1024

/** With `write` what it prints is handed on instead of kept. Throws `remote-access` for too much of it, and `interrupted`. */
export async function runBounded(run: BoundedRun, write?: (text: string) => void): Promise<ChannelAnswer> {
  const { name, program, args, cwd, environment, signal } = run
  stopIfInterrupted(signal)
  const child = spawn(program, args, {
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  endWithUs(child)
  leaveOthersBehind(child)
  // What it started may outlive it, and would hold its output open.
  const stop = () => {
    child.kill()
    child.stdout.destroy()
    child.stderr.destroy()
  }
  const stdout: Buffer[] = []
  let size = 0
  let stderr = Buffer.alloc(0)
  if (write) child.stdout.setEncoding('utf8').on('data', write)
  else
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size > mostOutput) stop()
      else stdout.push(chunk)
    })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-mostErrors)
  })
  signal.addEventListener('abort', stop, { once: true })
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new TeleportError('remote-access', `cannot start ${program} to reach ${name}`, { cause })),
    )
    child.once('close', (code) => resolve(code ?? 255))
  }).finally(() => signal.removeEventListener('abort', stop))
  stopIfInterrupted(signal)
  if (size > mostOutput)
    throw new TeleportError('remote-access', `${name} answers with more than anybody asked for`)
  return { exitCode, stdout: Buffer.concat(stdout).toString(), stderr: stderr.toString() }
}
