/** Where Claude Code keeps its data for a user. Pure. */

import type { Platform } from '../model.ts'
import { pathRules, trimFolder } from './platform-path.ts'

export interface ClaudeHome {
  readonly home: string
  /** Absolute: `CLAUDE_CONFIG_DIR`, else `<home>/.claude`. */
  readonly config: string
  readonly platform: Platform
  /** `CLAUDE_CODE_PROJECT_DIR_NAME`: one name for every project folder, honoured only beside `CLAUDE_CONFIG_DIR`. */
  readonly projectDirName?: string
}

/** Reads nothing but its arguments; the folders need not exist. */
export function claudeHome(
  env: NodeJS.ProcessEnv,
  home: string,
  platform: NodeJS.Platform = process.platform,
): ClaudeHome {
  const family: Platform = platform === 'win32' ? 'win32' : 'posix'
  const rules = pathRules(family)
  const chosen = env['CLAUDE_CONFIG_DIR']
  if (!chosen) return { home, config: rules.join(home, '.claude'), platform: family }
  const config = trimFolder(rules.resolve(chosen), family)
  const fixed = env['CLAUDE_CODE_PROJECT_DIR_NAME']
  const named = fixed !== undefined && /^[A-Za-z0-9_-]{1,64}$/.test(fixed)
  return { home, config, platform: family, ...(named ? { projectDirName: fixed } : {}) }
}
