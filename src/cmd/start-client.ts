/** Starts a client on this terminal and waits for its end. */

import { spawn } from 'node:child_process'
import { foregroundProgram } from '../core/foreground-client.ts'
import { TeleportError } from '../errors.ts'
import type { Io } from './io.ts'

/** Before anything is done: what was moved and then not started would be half of what was asked. Throws `usage`. */
export function refuseResume({ isTerminal }: Io, silent: boolean, what: string): void {
  if (!silent && isTerminal.stdin && isTerminal.stdout) return
  throw new TeleportError(
    'usage',
    silent
      ? '--resume goes with neither --json nor --dry-run'
      : '--resume starts Claude Code, which needs a terminal',
    { hint: `leave --resume out, and run what ${what} prints in a terminal` },
  )
}

/** In the foreground: Claude Code is interactive. Returns its exit code; throws `no-agent` when it cannot be started. */
export async function startInteractive(io: Io, argv: readonly string[], cwd: string): Promise<number> {
  const missing = (cause: unknown) =>
    new TeleportError('no-agent', `cannot start ${argv[0]}`, {
      hint: `install it, then run: ${argv.join(' ')}`,
      cause,
    })
  const { program, args, env } = await foregroundProgram(io.env, io.home, argv).catch((error: unknown) => {
    throw missing(error)
  })
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, stdio: 'inherit', env })
    child.on('error', (error) => reject(missing(error)))
    child.on('close', (code) => resolve(code ?? 1))
  })
}
