/** Which names a file of a bundle may have, and where each lies on this machine. Pure. */

import type { ClaudeHome } from './home.ts'
import { pathRules } from './platform-path.ts'
import { type Here, isBackupName, type Relocation } from './relocation.ts'

/** One segment of a logical name: nothing that a file system could read as more than a plain name. */
export function isPlainName(segment: string): boolean {
  return (
    /^[A-Za-z0-9_@-](?:[A-Za-z0-9._@-]{0,118}[A-Za-z0-9_@-])?$/.test(segment) &&
    !/^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i.test(segment)
  )
}

/**
 * The absolute path of a bundle's file on this machine. `null` for what is not installed as a file: history rows, which
 * are appended; session-env and shell-snapshots unless `restoreEnv`; and every name that is not on the list.
 * @param path of a file-history name: the tracked file on the origin, when known
 */
export function localPath(
  claude: ClaudeHome,
  here: Here,
  name: string,
  relocation: Relocation,
  path: string | undefined,
  restoreEnv = false,
): string | null {
  const [folder = '', ...rest] = name.split('/')
  if (![folder, ...rest].every(isPlainName)) return null
  const steps = localSteps(here, folder, rest, restoreEnv, (backup) => relocation.backupName(backup, path))
  return steps && pathRules(claude.platform).join(claude.config, ...steps)
}

function localSteps(
  here: Here,
  folder: string,
  rest: readonly string[],
  restoreEnv: boolean,
  backupName: (name: string) => string,
): readonly string[] | null {
  const [file = '', ...deeper] = rest
  if (folder === 'session.jsonl')
    return rest.length === 0 ? projectSteps(here, `${here.session}.jsonl`) : null
  if (folder === 'session-subdir') {
    return isSubdirName(rest) ? projectSteps(here, here.session, ...rest) : null
  }
  if (deeper.length > 0 || file === '') return null
  switch (folder) {
    case 'file-history':
      return isBackupName(file) ? ['file-history', here.session, backupName(file)] : null
    case 'tasks':
      return isTaskName(file) ? ['tasks', here.session, localTaskName(file)] : null
    case 'todos':
      return /^agent-.+\.json$/.test(file) ? ['todos', `${here.session}-${file}`] : null
    case 'plans':
      return file.endsWith('.md') ? ['plans', file] : null
    case 'uploads':
      return ['uploads', here.session, file]
    case 'paste-cache':
      return isPasteName(file) ? ['paste-cache', file] : null
    case 'session-env':
      return restoreEnv && file.endsWith('.sh') ? ['session-env', here.session, file] : null
    case 'shell-snapshots':
      return restoreEnv && file.endsWith('.sh') ? ['shell-snapshots', file] : null
    default:
      return null
  }
}

const projectSteps = (here: Here, ...rest: readonly string[]) => ['projects', here.projectDir, ...rest]

/** Below `session-subdir`. Scripts of workflows are code and not on the list. */
export function isSubdirName([folder, ...rest]: readonly string[]): boolean {
  const file = rest.at(-1)
  if (file === undefined || rest.length > 4) return false
  if (folder === 'subagents') return rest.length <= 3 && /\.jsonl?$/.test(file)
  if (folder === 'tool-results') return true
  return folder === 'workflows' && rest.length === 1 && file.endsWith('.json')
}

export const isPasteName = (file: string) => /^[0-9a-f]{16}\.txt$/.test(file)

export const isTaskName = (file: string) => file === 'highwatermark' || /^\d{1,9}\.json$/.test(file)

const localTaskName = (file: string) => (file === 'highwatermark' ? '.highwatermark' : file)
