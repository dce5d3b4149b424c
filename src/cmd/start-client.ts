/** Starts a client on this terminal and waits for its end. */

import { spawn } from 'node:child_process'
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
  const [program = 'claude', ...rest] = argv
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd, stdio: 'inherit', env: { ...io.env } })
    child.on('error', (error) => {
      reject(
        new TeleportError('no-agent', `cannot start ${program}`, {
          hint: `install it, then run: ${argv.join(' ')}`,
          cause: error,
        }),
      )
    })
    child.on('close', (code) => resolve(code ?? 1))
  })
}
