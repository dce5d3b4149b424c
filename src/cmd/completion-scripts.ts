/** The completion scripts. They ask the program for session ids and know the verbs and options by heart. Pure. */

export const shells = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof shells)[number]

export function isShell(text: string): text is Shell {
  return shells.some((shell) => shell === text)
}

const journeyOptions = [
  ...['--with-changes', '--checkout', '--fork', '--force', '--via', '--trust', '--npx', '--program'],
  ...['--resume', '--dry-run', '--remote'],
]

/** Verbs, what they are, their options, and whether they take a session or a commit. Held to the commands by a test. */
export const completions: readonly {
  readonly verb: string
  readonly about: string
  readonly options: readonly string[]
  readonly sessions: boolean
  readonly commits?: boolean
}[] = [
  {
    verb: 'init',
    about: "make or choose this device's key",
    options: ['--key', '--passphrase', '--plugin'],
    sessions: false,
  },
  {
    verb: 'push',
    about: 'send a session',
    options: [
      '--all',
      '--to',
      '--hand-off',
      '--expires',
      '--with-changes',
      '--no-redact',
      '--force',
      '--fork',
      '--rescan',
      '--dry-run',
      '--public',
      '--trust-policy',
      '--remote',
    ],
    sessions: true,
  },
  {
    verb: 'pull',
    about: 'restore a session',
    options: [
      '--checkout',
      '--worktree',
      '--fork',
      '--force',
      '--deep',
      '--restore-env',
      '--resume',
      '--dry-run',
      '--trust-policy',
      '--remote',
    ],
    sessions: true,
  },
  { verb: 'to', about: 'send a session to another place', options: journeyOptions, sessions: true },
  {
    verb: 'from',
    about: 'bring a session back',
    options: [...journeyOptions, '--deep', '--restore-env'],
    sessions: true,
  },
  {
    verb: 'fetch',
    about: 'bring sessions into the store',
    options: ['--trust-policy', '--remote'],
    sessions: true,
  },
  {
    verb: 'list',
    about: 'sessions on the remote',
    options: ['--all', '--commit', '--offline', '--trust-policy', '--remote'],
    sessions: false,
  },
  {
    verb: 'show',
    about: 'read a session',
    options: [
      ...['--all', '--from', '--to', '--stat', '--files', '--full', '--thinking', '--format', '--limit'],
      ...['--output', '--redact', '--password', '--passphrase-file', '--offline', '--here', '--no-pager'],
      '--remote',
    ],
    sessions: true,
    commits: true,
  },
  {
    verb: 'search',
    about: 'find words in sessions',
    options: ['--all', '--max-count', '--no-pager', '--remote'],
    sessions: false,
  },
  {
    verb: 'web',
    about: 'look at sessions in a browser',
    options: ['--port', '--no-open', '--offline', '--trust-policy', '--remote'],
    sessions: true,
    commits: true,
  },
  {
    verb: 'log',
    about: 'commits and their sessions',
    options: ['--max-count', '--offline', '--no-pager', '--remote'],
    sessions: false,
    commits: true,
  },
  {
    verb: 'blame',
    about: 'the session behind each line',
    options: [
      ...['--lines', '--rev', '--copies', '--moves', '--ignore-blanks'],
      ...['--offline', '--no-pager', '--remote'],
    ],
    sessions: false,
  },
  {
    verb: 'review',
    about: 'the sessions behind a branch',
    options: ['--format', '--limit', '--offline', '--no-pager', '--remote'],
    sessions: false,
    commits: true,
  },
  {
    verb: 'attach',
    about: 'tie a session to commits',
    options: ['--dry-run', '--remote'],
    sessions: true,
    commits: true,
  },
  {
    verb: 'detach',
    about: 'untie a session from commits',
    options: ['--all', '--dry-run', '--remote'],
    sessions: true,
    commits: true,
  },
  { verb: 'scan', about: 'what redaction would take out', options: ['--remote'], sessions: true },
  {
    verb: 'run',
    about: 'work in the background',
    options: [
      ...['--resume', '--name', '--branch', '--model', '--permission-mode'],
      ...[
        '--allowed-tools',
        '--max-budget-usd',
        '--max-turns',
        '--to',
        '--no-push',
        '--dry-run',
        '--on',
        '--remote',
      ],
    ],
    sessions: false,
  },
  {
    verb: 'ps',
    about: 'background sessions',
    options: ['--all', '--prune', '--dry-run', '--on', '--remote'],
    sessions: false,
  },
  {
    verb: 'logs',
    about: 'what a background session says',
    options: ['--follow', '--full', '--thinking', '--raw', '--on', '--remote'],
    sessions: true,
  },
  { verb: 'stop', about: 'end a background session', options: ['--on', '--remote'], sessions: true },
  { verb: 'status', about: 'how sessions here stand', options: ['--remote'], sessions: false },
  {
    verb: 'expire',
    about: 'let sessions end now',
    options: ['--mine', '--all-mine', '--dry-run', '--remote'],
    sessions: true,
  },
  { verb: 'rm', about: 'remove a session from the remote', options: ['--remote'], sessions: true },
  {
    verb: 'hook',
    about: 'tie commits to sessions',
    options: ['install', 'uninstall', 'status', '--dry-run', '--remote'],
    sessions: false,
  },
  {
    verb: 'auto',
    about: 'send conversations by themselves',
    options: ['--public', '--trust-policy'],
    sessions: false,
  },
  {
    verb: 'config',
    about: 'show or change a setting',
    options: ['--global', '--unset'],
    sessions: false,
  },
  {
    verb: 'key',
    about: 'show, export, import, trust, rotate',
    options: [
      ...['show', 'export', 'import', 'trust', 'rotate'],
      ...['--output', '--passphrase-file', '--passphrase', '--remote'],
    ],
    sessions: false,
  },
  {
    verb: 'member',
    about: 'add, list, remove',
    options: ['add', 'list', 'remove', '--from', '--keys-url', '--reader', '--dry-run', '--remote'],
    sessions: false,
  },
  {
    verb: 'policy',
    about: 'which rules hold here',
    options: ['--offline', '--forget', '--trust-policy', '--remote'],
    sessions: false,
  },
  { verb: 'export', about: 'write a session to a file', options: ['--output', '--remote'], sessions: true },
  {
    verb: 'import',
    about: 'restore a session from a file',
    options: ['--exact', '--fork', '--force', '--deep', '--restore-env', '--dry-run', '--remote'],
    sessions: false,
  },
  { verb: 'doctor', about: 'check everything', options: ['--remote'], sessions: false },
  {
    verb: 'prune',
    about: 'delete what has expired',
    options: ['--dry-run', '--remote'],
    sessions: false,
  },
  {
    verb: 'rewrap',
    about: 'bring readers up to date',
    options: ['--all', '--dry-run', '--remote'],
    sessions: true,
  },
  { verb: 'audit', about: 'who pushed what', options: ['--remote'], sessions: false },
  { verb: 'undo', about: 'take the last pull back', options: ['--force', '--remote'], sessions: false },
  { verb: 'completion', about: 'print a completion script', options: [...shells], sessions: false },
  { verb: 'uninstall', about: 'remove every trace', options: ['--keep-key'], sessions: false },
  { verb: 'demo', about: 'a first look', options: ['--keep'], sessions: false },
]

const common = ['--json', '--quiet', '--yes', '--no-interactive', '--help']

export function completionScript(shell: Shell): string {
  if (shell === 'bash') return bash()
  return shell === 'zsh' ? zsh() : fish()
}

function cases(): string {
  return completions
    .map(({ verb, options }) => `    ${verb}) echo "${[...options, ...common].join(' ')}" ;;`)
    .join('\n')
}

const verbs = completions.map((each) => each.verb).join(' ')
const takingCommits = completions.filter((each) => each.commits).map((each) => each.verb)
/** Branches and the newest commits, as git itself says them. */
const listCommits =
  "{ git for-each-ref --format='%(refname:short)' refs/heads refs/remotes; git log --max-count=50 --format=%h; } 2>/dev/null"
const takingSessions = completions.filter((each) => each.sessions).map((each) => each.verb)

/** `_git_teleport` is the name by which git's own completion finds a subcommand's. */
function bash(): string {
  return `# git-teleport completion for bash
__git_teleport_options() {
  case "$1" in
${cases()}
  esac
}
__git_teleport_complete() {
  local verb="$1" cur="$2"
  if [ -z "$verb" ]; then
    COMPREPLY=($(compgen -W "${verbs} --help --version" -- "$cur"))
    return
  fi
  local words
  words="$(__git_teleport_options "$verb")"
  case "$verb" in
    ${takingSessions.join('|')}) [ "\${cur#-}" = "$cur" ] && words="$(git-teleport completion --sessions 2>/dev/null | cut -f1)" ;;
  esac
  case "$verb" in
    ${takingCommits.join('|')}) [ "\${cur#-}" = "$cur" ] && words="$words $(${listCommits})" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
_git-teleport() {
  local verb=""
  [ "$COMP_CWORD" -gt 1 ] && verb="\${COMP_WORDS[1]}"
  __git_teleport_complete "$verb" "\${COMP_WORDS[COMP_CWORD]}"
}
_git_teleport() {
  local verb="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [ "\${COMP_WORDS[index]}" = teleport ] && [ $((index + 1)) -lt "$COMP_CWORD" ]; then verb="\${COMP_WORDS[index + 1]}"; fi
  done
  __git_teleport_complete "$verb" "\${COMP_WORDS[COMP_CWORD]}"
}
complete -o bashdefault -o default -F _git-teleport git-teleport
`
}

function zsh(): string {
  const described = completions
    .map(({ verb, about }) => `    '${verb}:${about.replace(/'/g, "'\\''")}'`)
    .join('\n')
  return `#compdef git-teleport
# git-teleport completion for zsh
__git_teleport_options() {
  case "$1" in
${cases()}
  esac
}
_git-teleport() {
  local -a verbs found
  verbs=(
${described}
  )
  if (( CURRENT == 2 )); then
    _describe 'command' verbs
    return
  fi
  case "$words[2]" in
    ${takingCommits.join('|')})
      if [[ "$PREFIX" != -* ]]; then
        found=(\${(f)"$(${listCommits})"})
        compadd -- $found
      fi ;;
  esac
  case "$words[2]" in
    ${takingSessions.join('|')})
      if [[ "$PREFIX" != -* ]]; then
        found=(\${(f)"$(git-teleport completion --sessions 2>/dev/null | sed 's/:/ /g; s/\\t/:/')"})
        _describe 'session' found
        return
      fi ;;
  esac
  found=(\${(s: :)"$(__git_teleport_options "$words[2]")"})
  compadd -- $found
}
compdef _git-teleport git-teleport
`
}

function fish(): string {
  const head = completions.map(
    ({ verb, about }) =>
      `complete -c git-teleport -n __fish_use_subcommand -f -a ${verb} -d '${about.replace(/'/g, "\\'")}'`,
  )
  const options = completions.flatMap(({ verb, options: own }) =>
    [...own, ...common].map((option) => {
      const flag = option.startsWith('--') ? `-l ${option.slice(2)}` : `-f -a ${option}`
      return `complete -c git-teleport -n '__fish_seen_subcommand_from ${verb}' ${flag}`
    }),
  )
  const ids = `complete -c git-teleport -n '__fish_seen_subcommand_from ${takingSessions.join(' ')}' -f -a '(git-teleport completion --sessions 2>/dev/null)'`
  const revisions = `complete -c git-teleport -n '__fish_seen_subcommand_from ${takingCommits.join(' ')}' -f -a "(git for-each-ref --format='%(refname:short)' refs/heads refs/remotes 2>/dev/null; git log --max-count=50 --format=%h 2>/dev/null)"`
  return `# git-teleport completion for fish\n${[...head, ...options, ids, revisions].join('\n')}\n`
}
