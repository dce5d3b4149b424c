/** The environment that every git process of ours gets. Pure. */

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * What `git rev-parse --local-env-vars` lists, which hooks, `git -c` and linked worktrees export, and what else
 * would bend our commands: identity and dates of somebody's commit, defaults for new repositories, quarantine.
 */
const cleared = new Set([
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_ATTR_SOURCE',
  'GIT_COMMON_DIR',
  'GIT_CONFIG',
  'GIT_CONFIG_COUNT',
  'GIT_CONFIG_PARAMETERS',
  'GIT_DEFAULT_HASH',
  'GIT_DEFAULT_REF_FORMAT',
  'GIT_DIR',
  'GIT_EDITOR',
  'GIT_GRAFT_FILE',
  'GIT_IMPLICIT_WORK_TREE',
  'GIT_INDEX_FILE',
  'GIT_INTERNAL_SUPER_PREFIX',
  'GIT_NAMESPACE',
  'GIT_NO_LAZY_FETCH',
  'GIT_NO_REPLACE_OBJECTS',
  'GIT_OBJECT_DIRECTORY',
  'GIT_PREFIX',
  'GIT_PROTOCOL',
  'GIT_QUARANTINE_PATH',
  'GIT_REPLACE_REF_BASE',
  'GIT_SEQUENCE_EDITOR',
  'GIT_SHALLOW_FILE',
  'GIT_TEMPLATE_DIR',
  'GIT_WORK_TREE',
])

const clearedPrefixes = [
  'GIT_AUTHOR_',
  'GIT_COMMITTER_',
  'GIT_CONFIG_KEY_',
  'GIT_CONFIG_VALUE_',
  'GIT_PUSH_OPTION_',
  'GIT_REDIRECT_',
  'GIT_TRACE',
]

/** Set when settings of `git -c` or `GIT_CONFIG_COUNT` were left out: a failed login names it. */
export const droppedConfigMark = 'GIT_TELEPORT_DROPPED_CONFIG'

/**
 * Clears what ties git to another repository, keeps what says how this user reaches remotes (`GIT_SSH*`, `GIT_SSL_*`,
 * `GIT_HTTP_*`, `GIT_ASKPASS`) and where their configuration is, and sets what makes output parseable.
 * In the background nothing can prompt.
 */
export function scrubEnvironment(
  env: Environment,
  options: { readonly background: boolean },
): Record<string, string> {
  return {
    ...Object.fromEntries(Object.entries(env).flatMap(keep)),
    ...(dropsConfig(env) ? { [droppedConfigMark]: '1' } : {}),
    ...always,
    ...(options.background ? neverPrompt : {}),
  }
}

const always = {
  LC_ALL: 'C',
  GIT_NO_REPLACE_OBJECTS: '1',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_TELEPORT_HOOK: '1',
}

/** Whoever cannot go on without asking fails instead. */
export const neverPrompt = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_ASKPASS: 'false',
  SSH_ASKPASS: 'false',
  SSH_ASKPASS_REQUIRE: 'force',
  GCM_INTERACTIVE: 'never',
}

function keep([name, value]: readonly [string, string | undefined]): [string, string][] {
  // Windows does not tell apart the case of names.
  const canonical = name.toUpperCase()
  if (value === undefined || cleared.has(canonical)) return []
  if (clearedPrefixes.some((prefix) => canonical.startsWith(prefix))) return []
  return [[name, canonical === 'GIT_ALLOW_PROTOCOL' ? withoutExt(value) : value]]
}

/**
 * `ext::` runs any command that a URL names. git never allows it by default, and our own configuration repeats that
 * against a user's `protocol.ext.allow`, but GIT_ALLOW_PROTOCOL overrides all configuration. So the list loses `ext`
 * where the user set one, and is not set where they didn't: setting it would switch off their `protocol.*.allow`
 * and shut out remote helpers that are fine.
 */
function withoutExt(protocols: string): string {
  return protocols
    .split(':')
    .filter((protocol) => protocol !== 'ext')
    .join(':')
}

function dropsConfig(env: Environment): boolean {
  return Boolean(env['GIT_CONFIG_PARAMETERS']) || Number(env['GIT_CONFIG_COUNT'] ?? 0) > 0
}

/** What ties a program to the session that its parent runs in. */
const ofSession = new Set([
  'CLAUDECODE',
  'CLAUDE_CODE_CHILD_SESSION',
  'CLAUDE_CODE_ENTRYPOINT',
  'CLAUDE_CODE_EXECPATH',
  'CLAUDE_CODE_MESSAGING_SOCKET',
  'CLAUDE_CODE_MESSAGING_TOKEN',
  'CLAUDE_CODE_SESSION_ATTENDED',
  'CLAUDE_CODE_SESSION_ID',
  'CLAUDE_EFFORT',
  'CLAUDE_ENV_FILE',
  'CLAUDE_JOB_DIR',
  'CLAUDE_PID',
  'CLAUDE_PLUGIN_DATA',
  'CLAUDE_PLUGIN_ROOT',
  'CLAUDE_PROJECT_DIR',
])

const ofPerson = new Set(['GIT_AUTHOR_NAME', 'GIT_AUTHOR_EMAIL', 'GIT_COMMITTER_NAME', 'GIT_COMMITTER_EMAIL'])

/**
 * The environment of a client that is started beside everything: nothing of the session, the git hook or the git alias
 * that the command may have been started from. A person's identity stays, unless a hook has put there whose commit it runs for.
 */
export function agentEnvironment(env: Environment): Record<string, string> {
  // The key is for our own pushes; an agent must not see it.
  const { GIT_TELEPORT_IDENTITY: _key, ...rest } = detachedEnvironment(env)
  return rest
}

/** The same for a program of ours. */
export function detachedEnvironment(env: Environment): Record<string, string> {
  const { GIT_DIR, GIT_INDEX_FILE } = env
  const inHook = GIT_DIR !== undefined || GIT_INDEX_FILE !== undefined
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]): [string, string][] => {
      const canonical = name.toUpperCase()
      if (value === undefined || ofSession.has(canonical)) return []
      if (ofPerson.has(canonical)) return inHook ? [] : [[name, value]]
      return keep([name, value])
    }),
  )
}
