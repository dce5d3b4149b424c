/** How git is called on the store, and on its one remote. Pure, but for reading the user's configuration. */

import type { GitContext } from './git.ts'
import { lockPatience } from './local-refs.ts'
import type { Remote } from './remote.ts'
import { gitConfig, type UserRepo } from './user-repo.ts'

/**
 * The name of our remote on git's command line. Not one that a user could have given to theirs: then the URLs of both
 * would be one list, and a push would go to each.
 */
export const storeRemote = 'git-teleport-store'

/**
 * `GIT_DIR` rather than `-C`, which `safe.bareRepository=explicit` refuses; the top of the work tree as cwd, which
 * relative URLs hang on. A partial clone's promisor comes in with the configuration: an object that the store lacks
 * must not be looked for there.
 */
export function storeContext(repo: UserRepo, dir: string): GitContext {
  return {
    cwd: repo.top,
    environment: { ...repo.environment, GIT_DIR: dir, GIT_NO_LAZY_FETCH: '1' },
  }
}

/** `storeContext` with the remote `storeRemote`, the same URL in both directions. Ours come behind the settings `before`. */
export async function transportContext(
  repo: UserRepo,
  dir: string,
  remote: Remote,
  before: readonly (readonly [string, string])[] = [],
): Promise<GitContext> {
  const { cwd, environment } = storeContext(repo, dir)
  const settings: readonly (readonly [string, string])[] = [
    ...before,
    [`remote.${storeRemote}.url`, remote.url],
    [`remote.${storeRemote}.pushurl`, remote.url],
    // The URL has been rewritten already. The longest match wins, so this one keeps the user's rules off it.
    [`url.${remote.url}.insteadOf`, remote.url],
    // An empty value clears the list of options that the user's own pushes carry.
    ['push.pushOption', ''],
    ['protocol.ext.allow', 'never'],
    lockPatience,
    ...(remote.direct ? [] : carriedOver(await gitConfig(repo), remote.name)),
  ]
  const numbered = settings.flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ])
  return {
    cwd,
    signal: repo.signal,
    turn: repo.turn,
    environment: {
      ...environment,
      ...Object.fromEntries(numbered),
      // Above all configuration, and for this one process: nothing else is spoken, and this is.
      ...(remote.direct?.allowProtocol ? { GIT_ALLOW_PROTOCOL: remote.direct.allowProtocol } : {}),
      GIT_CONFIG_COUNT: String(settings.length),
    },
  }
}

/** What the user's own remote needs to be reached at all. */
const needed = ['proxy', 'proxyauthmethod', 'receivepack', 'uploadpack', 'serveroption']

function carriedOver(
  config: ReadonlyMap<string, readonly string[]>,
  name: string,
): readonly (readonly [string, string])[] {
  return needed.flatMap((setting) =>
    (config.get(`remote.${name}.${setting}`) ?? []).map(
      (value) => [`remote.${storeRemote}.${setting}`, value] as const,
    ),
  )
}
