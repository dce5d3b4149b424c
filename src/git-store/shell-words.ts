/** Words for a POSIX shell that somebody else will read. Pure. */

/** One word that any POSIX shell reads back as exactly this text. */
export function quoteWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/**
 * What tells a target's own shell, which may be any, to have `sh` run `argv` in `folder`. The script is always the same; what
 * varies are words behind it, which are looked at as data only.
 */
export function remoteLine(folder: string, argv: readonly string[]): string {
  return [
    'exec sh -c',
    quoteWord(inFolder),
    'git-teleport',
    ...[shellPath(folder), ...argv].map(quoteWord),
  ].join(' ')
}

/** The same for a target that takes arguments one by one. */
export function remoteArguments(folder: string, argv: readonly string[]): readonly string[] {
  return ['sh', '-c', inFolder, 'git-teleport', shellPath(folder), ...argv]
}

/** Exit codes of the script, none of them ours nor a shell's. */
export const noSuchFolder = 97
export const noSuchProgram = 98

const inFolder = [
  `cd -- "$1" 2>/dev/null || exit ${noSuchFolder}`,
  'shift',
  `command -v "$1" >/dev/null 2>&1 || exit ${noSuchProgram}`,
  'exec "$@"',
].join('; ')

/** `cd` looks for other paths in CDPATH, and `-` is where it was before. */
function shellPath(folder: string): string {
  return folder.startsWith('/') ? folder : `./${folder}`
}
