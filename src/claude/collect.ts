/** Gathers what belongs to one session on this machine, as the files of a bundle. Nothing is locked or written. */

import { TeleportError } from '../errors.ts'
import type { LocalFile, Origin, SessionId } from '../model.ts'
import { collectPlans } from './collect-plans.ts'
import { collectPrompts } from './collect-prompts.ts'
import { collectShell } from './collect-shell.ts'
import { type Gathered, gatherFolder, gatherTree } from './gather.ts'
import type { ClaudeHome } from './home.ts'
import { liveClients } from './live.ts'
import { isSubdirName, isTaskName } from './local-name.ts'
import type { SessionFile } from './locate.ts'
import { pathRules } from './platform-path.ts'
import { isBackupName } from './relocation.ts'
import { parseScan, type Scan, scanTranscript } from './scan.ts'
import { plainSize, readRange, sizeInLines } from './session-file.ts'

export interface Collected {
  readonly file: SessionFile
  readonly scan: Scan
  /** In no particular order. */
  readonly files: readonly LocalFile[]
  readonly origin: Omit<Origin, 'device' | 'principal' | 'host'>
  /** A client on this machine has the session open. */
  readonly live: boolean
  /** Paths that were left out: links, other non-files, and names that a bundle cannot have. */
  readonly skipped: readonly string[]
}

/**
 * The transcript, cut at its last line feed, and all that goes with it by DESIGN section 3.
 * Throws `empty-session` when there is no message yet, `no-session` when the transcript is gone, `failed` on I/O.
 * @param options.top the work tree's top folder, a real path
 * @param options.previousScan `Collected.scan` of an earlier time, from a state file: parsed here
 */
export async function collectSession(
  claude: ClaudeHome,
  file: SessionFile,
  options: { readonly top: string; readonly previousScan: unknown },
): Promise<Collected> {
  const transcript = await transcriptFile(file)
  const scan = await scanTranscript(file.path, transcript.size, parseScan(options.previousScan))
  if (scan.messages === 0) {
    throw new TeleportError('empty-session', `session ${file.session} holds no message yet`)
  }
  const clients = (await liveClients(claude)).filter((client) => client.session === file.session)
  const parts = await Promise.all([
    collectSubdir(claude, file),
    collectBackups(claude, file.session, scan),
    collectOwnFolders(claude, file.session),
    collectPlans(claude, scan, options.top),
    collectPrompts(claude, file.session),
    collectShell(claude, file.session, clients),
  ])
  return {
    file,
    scan,
    files: [transcript, ...parts.flatMap((part) => part.files)],
    origin: {
      platform: claude.platform,
      home: claude.home,
      config: claude.config,
      root: options.top,
      cwd: scan.cwd ?? options.top,
      projectDir: file.projectDir,
    },
    live: clients.length > 0,
    skipped: parts.flatMap((part) => part.skipped),
  }
}

async function transcriptFile(file: SessionFile): Promise<LocalFile> {
  const size = await plainSize(file.path)
  if (size === undefined) {
    throw new TeleportError('no-session', `the transcript of session ${file.session} is gone`, {
      data: { path: file.path },
    })
  }
  return {
    name: 'session.jsonl',
    localPath: file.path,
    size: await sizeInLines(file.path, size),
    read: (start, end) => readRange(file.path, start, end),
  }
}

/** Subagents, spilled results, workflow states: `<session>/` beside the transcript. */
function collectSubdir(claude: ClaudeHome, file: SessionFile): Promise<Gathered> {
  const folder = pathRules(claude.platform).join(claude.config, 'projects', file.projectDir, file.session)
  return gatherTree(claude.platform, folder, ['subagents', 'tool-results', 'workflows'], (steps) =>
    isSubdirName(steps) ? `session-subdir/${steps.join('/')}` : undefined,
  )
}

async function collectBackups(claude: ClaudeHome, session: SessionId, scan: Scan): Promise<Gathered> {
  const folder = pathRules(claude.platform).join(claude.config, 'file-history', session)
  const gathered = await gatherFolder(claude.platform, folder, (name) =>
    isBackupName(name) ? `file-history/${name}` : undefined,
  )
  const tracked = new Map(Object.entries(scan.tracked))
  const files = gathered.files.map((file) => {
    const path = tracked.get(file.name.slice('file-history/'.length))
    return path === undefined ? file : { ...file, path }
  })
  return { ...gathered, files }
}

async function collectOwnFolders(claude: ClaudeHome, session: SessionId): Promise<Gathered> {
  const { join } = pathRules(claude.platform)
  const todos = `${session}-agent-`
  const parts = await Promise.all([
    gatherFolder(claude.platform, join(claude.config, 'tasks', session), (name) => {
      if (name === '.lock') return null
      const logical = name === '.highwatermark' ? 'highwatermark' : name
      return isTaskName(logical) ? `tasks/${logical}` : undefined
    }),
    gatherFolder(claude.platform, join(claude.config, 'todos'), (name) => {
      if (!name.startsWith(todos)) return null
      return name.endsWith('.json') ? `todos/${name.slice(session.length + 1)}` : undefined
    }),
    gatherFolder(claude.platform, join(claude.config, 'uploads', session), (name) => `uploads/${name}`),
  ])
  return { files: parts.flatMap((part) => part.files), skipped: parts.flatMap((part) => part.skipped) }
}
