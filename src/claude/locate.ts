/** Finds the transcripts of sessions below `<config>/projects`. */

import { lstat, readdir, realpath } from 'node:fs/promises'
import { fileError } from '../errors.ts'
import { eachLine } from '../json/line-batches.ts'
import { isSessionId, type SessionId } from '../model.ts'
import type { ClaudeHome } from './home.ts'
import { isInside, pathRules } from './platform-path.ts'
import { encodeProjectPath, longestPlainName, projectDirName } from './project-dir.ts'
import { rowScanner, scanTag, textOf } from './scan-row.ts'
import { isMissing, readSome } from './session-file.ts'

export interface SessionFile {
  readonly session: SessionId
  readonly path: string
  /** Name of the folder below `<config>/projects`. */
  readonly projectDir: string
  readonly mtimeMs: number
  readonly sizeBytes: number
}

/** Every copy of the session, newest first; a file that is reached in two ways counts once. Empty when there is none. */
export async function findSession(claude: ClaudeHome, session: SessionId): Promise<readonly SessionFile[]> {
  const folders = await projectFolders(claude)
  return newestFirst(await Promise.all(folders.map((folder) => sessionIn(claude, folder, session))))
}

/** Every session whose id begins with `prefix`, newest first. */
export async function findSessionsByPrefix(
  claude: ClaudeHome,
  prefix: string,
): Promise<readonly SessionFile[]> {
  return sessionsIn(claude, await projectFolders(claude), prefix.toLowerCase())
}

/**
 * The sessions that were started in the work tree `top` or below, newest first. Folder names are lossy, so a row of
 * the transcript must say it too.
 */
export async function sessionsOfWorktree(claude: ClaudeHome, top: string): Promise<readonly SessionFile[]> {
  const real = await realpath(top).catch(() => top)
  const folders = await projectFolders(claude)
  const files = await sessionsIn(claude, folders.filter(couldBelong(claude, real)), '')
  const confirmed: SessionFile[] = []
  for (const file of files) {
    const folder = await launchFolders(file)
    if (folder.some((cwd) => isInside(cwd, real, claude.platform) || isInside(cwd, top, claude.platform))) {
      confirmed.push(file)
    }
  }
  return confirmed
}

interface Found extends SessionFile {
  readonly inode: string
  readonly throughLink: boolean
}

/** Of several copies of a session the newest, as they come: newest first. */
export function newestCopies(files: readonly SessionFile[]): ReadonlyMap<SessionId, SessionFile> {
  const newest = new Map<SessionId, SessionFile>()
  for (const file of files) if (!newest.has(file.session)) newest.set(file.session, file)
  return newest
}

interface ProjectFolder {
  readonly name: string
  readonly isLink: boolean
}

async function projectFolders(claude: ClaudeHome): Promise<readonly ProjectFolder[]> {
  const projects = pathRules(claude.platform).join(claude.config, 'projects')
  try {
    const entries = await readdir(projects, { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() || entry.isSymbolicLink())
      .map((entry) => ({ name: entry.name, isLink: entry.isSymbolicLink() }))
  } catch (error) {
    if (isMissing(error)) return []
    throw fileError(error, `reading ${projects}`)
  }
}

/** A name that is cut off tells less: there any folder with the same beginning could be below. */
function couldBelong(claude: ClaudeHome, top: string): (folder: ProjectFolder) => boolean {
  const fold = (name: string) => (claude.platform === 'win32' ? name.toLowerCase() : name)
  const exact = fold(projectDirName(top))
  const encoded = fold(encodeProjectPath(top))
  const beginning = encoded.length < longestPlainName ? `${encoded}-` : encoded.slice(0, longestPlainName)
  return ({ name }) =>
    fold(name) === exact || fold(name).startsWith(beginning) || name === claude.projectDirName
}

async function sessionsIn(
  claude: ClaudeHome,
  folders: readonly ProjectFolder[],
  prefix: string,
): Promise<readonly SessionFile[]> {
  const rules = pathRules(claude.platform)
  const found = await Promise.all(
    folders.map(async (folder) => {
      const names = await readdir(rules.join(claude.config, 'projects', folder.name)).catch(() => [])
      const ids = names.filter((name) => name.endsWith('.jsonl')).map((name) => name.slice(0, -6))
      const wanted = ids.filter(isSessionId).filter((id) => id.startsWith(prefix))
      return Promise.all(wanted.map((id) => sessionIn(claude, folder, id)))
    }),
  )
  return newestFirst(found.flat())
}

async function sessionIn(
  claude: ClaudeHome,
  folder: ProjectFolder,
  session: SessionId,
): Promise<Found | undefined> {
  const path = pathRules(claude.platform).join(claude.config, 'projects', folder.name, `${session}.jsonl`)
  try {
    const file = await lstat(path, { bigint: true })
    if (!file.isFile()) return undefined
    return {
      session,
      path,
      projectDir: folder.name,
      mtimeMs: Number(file.mtimeMs),
      sizeBytes: Number(file.size),
      inode: `${file.dev}:${file.ino}`,
      throughLink: folder.isLink,
    }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileError(error, `looking at ${path}`)
  }
}

function newestFirst(found: readonly (Found | undefined)[]): readonly SessionFile[] {
  const present = found.filter((file) => file !== undefined)
  // Of two ways to one file the straight one is kept.
  const byInode = new Map<string, Found>()
  for (const file of present.toSorted((a, b) => Number(b.throughLink) - Number(a.throughLink))) {
    byInode.set(file.inode, file)
  }
  return [...byInode.values()]
    .sort((a, b) => b.mtimeMs - a.mtimeMs || (a.path < b.path ? -1 : 1))
    .map(({ inode: _inode, throughLink: _throughLink, ...file }) => file)
}

const lookedAtBytes = 64 * 1024

/** The first and the last `cwd` that the ends of a transcript show: it may have moved between work trees. */
async function launchFolders(file: SessionFile): Promise<readonly string[]> {
  const head = await readSome(file.path, 0, lookedAtBytes)
  const tail = await readSome(file.path, Math.max(0, file.sizeBytes - lookedAtBytes), lookedAtBytes)
  const [first, last] = [foldersIn(head).at(0), foldersIn(tail).at(-1)]
  return [first, last].filter((cwd) => cwd !== undefined)
}

function foldersIn(bytes: Buffer | undefined): readonly string[] {
  const folders: string[] = []
  const scan = rowScanner()
  if (!bytes) return folders
  eachLine(bytes, (start, end) => {
    const row = scan(bytes, start, end)
    const cwd = row && textOf(row, scanTag.cwd)
    if (cwd !== undefined) folders.push(cwd)
  })
  return folders
}
