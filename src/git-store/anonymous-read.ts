/** Whether a repository can be read by anybody who knows its URL. */

import { devNull } from 'node:os'
import { askGit } from './git.ts'
import type { Remote } from './remote.ts'
import { withTimeLimit } from './time-limit.ts'
import { gitConfig, type UserRepo } from './user-repo.ts'

/** Of the user's configuration only what leads to the host counts, nothing that says who they are. */
const needed = /^http\.(?:.*\.)?(?:proxy|sslcainfo|sslcapath|sslbackend|sslverify|schannelusesslcainfo)$/s

/** An answer that takes longer than this is none. Milliseconds. */
const patienceMs = 10_000

/** `url` is http or https, without a name or password. No means also: it could not be found out. */
export async function isReadByAnybody(repo: UserRepo, remote: Remote, url: string): Promise<boolean> {
  const settings = [
    ...[...(await gitConfig(repo))].flatMap(([key, values]) =>
      needed.test(key) ? values.map((value) => [key, value] as const) : [],
    ),
    ...[...((await gitConfig(repo)).get(`remote.${remote.name}.proxy`) ?? [])].map(
      (value) => ['http.proxy', value] as const,
    ),
    ['credential.helper', ''] as const,
    ['core.askPass', 'false'] as const,
  ]
  const numbered = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ])
  const environment = {
    ...repo.environment,
    // No ~/.netrc, no cookies, no headers, no client certificate, and no repository around it.
    ...Object.fromEntries(numbered),
    GIT_CONFIG_COUNT: String(settings.length),
    GIT_CONFIG_GLOBAL: devNull,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_DIR: devNull,
    HOME: repo.gitDir,
    XDG_CONFIG_HOME: repo.gitDir,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: 'false',
    SSH_ASKPASS: 'false',
    GIT_ALLOW_PROTOCOL: 'http:https',
  }
  const args = ['ls-remote', '--quiet', '--', url, 'HEAD']
  const answer = await withTimeLimit(patienceMs, repo.signal, (signal) =>
    askGit({ cwd: repo.top, environment, signal }, args),
  ).catch((error: unknown) => {
    if (repo.signal?.aborted) throw error
    return null
  })
  return answer?.exitCode === 0
}
