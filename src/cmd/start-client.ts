/** Starts a client on this terminal and waits for its end. */

import { spawn } from 'node:child_process'
import { findClient } from '../claude/headless.ts'
import { TeleportError } from '../errors.ts'
import { detachedEnvironment } from '../git-store/environment.ts'
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

/**
 * In the foreground: Claude Code is interactive. It gets nothing of a git hook or alias that this command was started
 * from. Returns its exit code; throws `no-agent` when it cannot be started.
 */
export async function startInteractive(io: Io, argv: readonly string[], cwd: string): Promise<number> {
  const [name = 'claude', ...rest] = argv
  const missing = (cause: unknown) =>
    new TeleportError('no-agent', `cannot start ${name}`, {
      hint: `install it, then run: ${argv.join(' ')}`,
      cause,
    })
  const program = await programNamed(io, name).catch((error: unknown) => {
    throw missing(error)
  })
  return new Promise((resolve, reject) => {
    const child = spawn(program, rest, { cwd, stdio: 'inherit', env: detachedEnvironment(io.env) })
    child.on('error', (error) => reject(missing(error)))
    child.on('close', (code) => resolve(code ?? 1))
  })
}

async function programNamed(io: Io, name: string): Promise<string> {
  return name === 'claude' ? findClient(io.env, io.home) : name
}
