/** What a session's shell commands start from: scripts of hooks, and the shell as it was. They go to own devices only. */

import type { SessionId } from '../model.ts'
import { type Gathered, gatherFolder } from './gather.ts'
import type { ClaudeHome } from './home.ts'
import type { LiveClient } from './live.ts'
import { pathRules } from './platform-path.ts'
import { startedAtMs } from './process-start.ts'

/** The clock of a process's start is coarse. */
const slackMs = 2000

/**
 * `session-env/…`, and the shell snapshots that are not older than a running client of the session. A snapshot does not
 * say whose it is, so without a running client none is taken.
 */
export async function collectShell(
  claude: ClaudeHome,
  session: SessionId,
  clients: readonly LiveClient[],
): Promise<Gathered> {
  const { join } = pathRules(claude.platform)
  const starts = await Promise.all(clients.map((client) => startedAtMs(client.pid)))
  const since = Math.min(...starts.filter((start) => start !== null)) - slackMs
  const [env, snapshots] = await Promise.all([
    gatherFolder(claude.platform, join(claude.config, 'session-env', session), (name) =>
      name.endsWith('.sh') ? `session-env/${name}` : undefined,
    ),
    gatherFolder(claude.platform, join(claude.config, 'shell-snapshots'), (name) => {
      const time = name.match(/^snapshot-[a-z]+-(\d{13})-[A-Za-z0-9]+\.sh$/)?.[1]
      return time !== undefined && Number(time) >= since ? `shell-snapshots/${name}` : null
    }),
  ])
  return { files: [...env.files, ...snapshots.files], skipped: [...env.skipped, ...snapshots.skipped] }
}
