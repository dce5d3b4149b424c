/** How Claude Code is started in the foreground, by whoever has the terminal. */

import { findClient } from '../claude/headless.ts'
import { detachedEnvironment, type Environment } from '../git-store/environment.ts'

export interface ForegroundProgram {
  readonly program: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/**
 * `claude` is looked for where its installers put it, too; another program, such as ssh, is what it is. It gets nothing of
 * a git hook or alias that our command was started from. Throws `no-agent`.
 */
export async function foregroundProgram(
  env: Environment,
  home: string,
  [name = 'claude', ...args]: readonly string[],
): Promise<ForegroundProgram> {
  const program = name === 'claude' ? await findClient(env, home) : name
  return { program, args, env: detachedEnvironment(env) }
}
