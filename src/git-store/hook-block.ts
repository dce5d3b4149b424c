/** The lines that run our hooks inside a hook file of the user's, put in and taken out byte for byte. Pure. */

export const hookNames = ['post-commit', 'post-rewrite', 'pre-push'] as const
export type HookName = (typeof hookNames)[number]

/** What a hook was before: no file, a script with these permission bits, or something that only a shell around it can join. */
export type Before = 'absent' | 'wrapped' | { readonly mode: number }

/** What is behind the name of a hook that was wrapped. */
export const wrappedSuffix = '.git-teleport-original'

const opening = '# >>> git-teleport >>>'
const closing = '# <<< git-teleport <<<'
const shebang = '#!/bin/sh\n'
const blockPattern = new RegExp(`${opening} was (absent|wrapped|[0-7]{3,4})\\n[\\s\\S]*?${closing}`)

/**
 * Finds the directory that all worktrees share and reads our script from there: nothing in it depends on the
 * repository, since the hook file may be tracked, or serve all of a user's repositories. Where our scripts are not,
 * nothing happens. git runs hooks in the top of the work tree, and sets GIT_DIR unless it is `.git` there.
 */
function call(name: HookName): readonly string[] {
  const script = `"$common/teleport/hooks/${name}"`
  return [
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's, not ours
    'dir=${GIT_DIR:-.git} common=',
    '[ -d "$dir" ] || dir=$(git rev-parse --git-dir)',
    '[ ! -f "$dir/commondir" ] || read -r common <"$dir/commondir"',
    "case $common in '') common=$dir ;; /* | ?:*) ;; *) common=$dir/$common ;; esac",
    `[ ! -f ${script} ] || . ${script}`,
  ]
}

/** For a hook of git's configuration, which appends the hook's arguments. */
export function commandFor(name: HookName): string {
  return call(name).join('; ')
}

/** `asks`: git looks at the permission bits, so a file without them does not run now and shall not. */
export interface Placing {
  readonly name: HookName
  readonly before: Before
  readonly asksForMode: boolean
}

/** The file with our block; `original` is empty unless `before` is a script. Text in latin1. */
export function insertBlock(original: string, placing: Placing): string {
  const { before } = placing
  const block = blockFor(placing)
  if (typeof before === 'string') return `${shebang}${block}\n`
  if (!original.startsWith('#!')) return `${block}\n${original}`
  const end = original.indexOf('\n') + 1
  // A first line without its line feed gets one, and the block then has none: so taking it out can tell.
  if (end === 0) return `${original}\n${block}`
  return `${original.slice(0, end)}${block}\n${original.slice(end)}`
}

function blockFor({ name, before, asksForMode }: Placing): string {
  const was = typeof before === 'string' ? before : before.mode.toString(8).padStart(3, '0')
  const disabled = typeof before !== 'string' && asksForMode && (before.mode & 0o100) === 0
  return [
    `${opening} was ${was}`,
    '# Put here by "git teleport hook install"; "git teleport hook uninstall" takes it out again.',
    ...around(name),
    ...(before === 'wrapped' ? [`exec "$0${wrappedSuffix}" "$@"`] : []),
    ...(disabled ? ['exit 0 # this file was not executable, so the rest of it does not run'] : []),
    closing,
  ].join('\n')
}

function around(name: HookName): readonly string[] {
  const lines = call(name).map((line) => `  ${line}`)
  if (name !== 'post-rewrite') return ['(', ...lines, ') || :']
  // What git tells on stdin is for the rest of the file too.
  return [
    'git_teleport_told=$(cat)',
    `printf '%s\\n' "$git_teleport_told" | (`,
    ...lines,
    ') || :',
    'if [ -n "$git_teleport_told" ]; then',
    'exec <<git-teleport',
    '$git_teleport_told',
    'git-teleport',
    'else exec </dev/null; fi',
  ]
}

export interface Removed {
  readonly before: Before
  /** What is left; null when nothing of the user's is. */
  readonly text: string | null
}

/** `undefined` when there is no block of ours. */
export function removeBlock(text: string): Removed | undefined {
  const found = blockPattern.exec(text)
  if (!found) return undefined
  const before = parseBefore(found[1] ?? '')
  const end = found.index + found[0].length
  const rest =
    text[end] === '\n'
      ? text.slice(0, found.index) + text.slice(end + 1)
      : text.slice(0, Math.max(0, found.index - 1)) + text.slice(end)
  return { before, text: typeof before === 'string' && rest === shebang ? null : rest }
}

function parseBefore(was: string): Before {
  return was === 'absent' || was === 'wrapped' ? was : { mode: Number.parseInt(was, 8) }
}

/** The same file with the block as this program writes it. */
export function renewBlock(text: string, name: HookName, asksForMode: boolean): string {
  return text.replace(blockPattern, (_block, was: string) =>
    blockFor({ name, before: parseBefore(was), asksForMode }),
  )
}

const shells = new Set(['sh', 'bash', 'dash', 'ash', 'ksh', 'ksh93', 'mksh', 'yash', 'zsh'])

/** Whether a POSIX shell reads this file: by its first line, and git lets a shell read what has none. */
export function isShellScript(text: string): boolean {
  if (text.includes('\0')) return false
  if (!text.startsWith('#!')) return true
  const [line = ''] = text.slice(2).split('\n')
  const words = line.trim().split(/\s+/)
  const program = words.find((word) => !/(?:^|\/)(?:env|busybox)$/.test(word) && !word.startsWith('-'))
  return shells.has(program?.split('/').at(-1) ?? '')
}
