/** The hook files of the user's repository: where they lie, and putting our block into one and taking it out. */

import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, open, readFile, rename, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import { mustAskGit } from './git.ts'
import {
  type Before,
  type HookName,
  insertBlock,
  isShellScript,
  removeBlock,
  renewBlock,
  wrappedSuffix,
} from './hook-block.ts'
import type { UserRepo } from './user-repo.ts'

export interface HookFolder {
  /** Absolute. */
  readonly path: string
  /** Whether git itself runs the files, and so asks for their permission bits; husky's are read by a shell. */
  readonly asksForMode: boolean
  /** Outside of this repository, so that other repositories may use it too. */
  readonly shared: boolean
}

/** What git says, `core.hooksPath` included; husky 9 points it at files that it writes anew, and has its own beside. */
export async function findHookFolder(repo: UserRepo, platform: NodeJS.Platform): Promise<HookFolder> {
  const args = ['rev-parse', '--path-format=absolute', '--git-path', 'hooks']
  const said = await mustAskGit({ cwd: repo.top, environment: repo.environment }, args)
  const folder = path.normalize(said.toString().replace(/\n$/, '')).replace(/[\\/]$/, '')
  const husky = path.basename(folder) === '_' && path.basename(path.dirname(folder)) === '.husky'
  const found = husky ? path.dirname(folder) : folder
  const inside = [repo.top, repo.commonDir].some((top) => isBelow(found, top))
  return { path: found, asksForMode: !husky && platform !== 'win32', shared: !inside }
}

function isBelow(folder: string, top: string): boolean {
  const way = path.relative(top, folder)
  return way !== '..' && !way.startsWith(`..${path.sep}`) && !path.isAbsolute(way)
}

export type Placed = 'new' | 'added' | 'wrapped' | 'renewed' | 'same'

/** Puts our block into the hook `name`, or says with `dryRun` how it would. Throws `failed`. */
export async function placeBlock(
  folder: HookFolder,
  name: HookName,
  options: { readonly dryRun: boolean },
): Promise<Placed> {
  const file = path.join(folder.path, name)
  const { asksForMode } = folder
  const found = await look(file)
  if (found?.text !== undefined && removeBlock(found.text)) {
    const text = renewBlock(found.text, name, asksForMode)
    if (text === found.text) return 'same'
    if (!options.dryRun) await writeHook(file, text, found.mode)
    return 'renewed'
  }
  const script = found?.text !== undefined && isShellScript(found.text)
  const before: Before = !found ? 'absent' : script ? { mode: found.mode } : 'wrapped'
  if (!options.dryRun) {
    await mkdir(folder.path, { recursive: true }).catch((error: unknown) => {
      throw fileError(error, `making ${folder.path}`)
    })
    if (before === 'wrapped') await move(file, file + wrappedSuffix)
    const text = insertBlock(script ? (found?.text ?? '') : '', { name, before, asksForMode })
    await writeHook(file, text, typeof before === 'string' ? 0o755 : modeFor(before.mode, asksForMode))
  }
  return before === 'absent' ? 'new' : before === 'wrapped' ? 'wrapped' : 'added'
}

/** Who may read may run. */
function modeFor(mode: number, asksForMode: boolean): number {
  return asksForMode && (mode & 0o100) === 0 ? mode | ((mode & 0o444) >> 2) : mode
}

/** Names under which other tools keep a hook that they found: pre-commit, which runs it, and lefthook, which does not. */
const movedAside = ['.legacy', '.old']

/** Takes our block out of the hook `name`, also where another tool moved it. Whether there was one. */
export async function takeBlock(
  folder: string,
  name: HookName,
  options: { readonly dryRun: boolean },
): Promise<boolean> {
  let taken = false
  for (const suffix of ['', ...movedAside]) {
    const file = path.join(folder, name + suffix)
    const found = await look(file)
    const removed = found?.text === undefined ? undefined : removeBlock(found.text)
    if (!removed) continue
    taken = true
    if (!options.dryRun) await restore(file, path.join(folder, name + wrappedSuffix), removed)
  }
  return taken
}

async function restore(
  file: string,
  original: string,
  { before, text }: NonNullable<ReturnType<typeof removeBlock>>,
): Promise<void> {
  if (before === 'wrapped' && text === null && (await look(original))) return move(original, file)
  if (text === null) return rm(file, { force: true })
  await writeHook(file, text, typeof before === 'string' ? 0o755 : before.mode)
}

/** `chained`: pre-commit moved it aside and runs it. */
export async function findBlock(folder: string, name: HookName): Promise<'there' | 'chained' | 'missing'> {
  const holds = async (suffix: string) => {
    const found = await look(path.join(folder, name + suffix))
    return found?.text !== undefined && removeBlock(found.text) !== undefined
  }
  if (await holds('')) return 'there'
  return (await holds('.legacy')) ? 'chained' : 'missing'
}

export async function folderExists(folder: string): Promise<boolean> {
  return (await look(folder)) !== undefined
}

/** Removes the folder if it is empty. */
export async function removeEmptyFolder(folder: string): Promise<void> {
  await rmdir(folder).catch(() => undefined)
}

/** A file with its permission bits; no text for a link or anything else that is no file. */
async function look(file: string): Promise<{ readonly mode: number; readonly text?: string } | undefined> {
  try {
    const found = await lstat(file)
    const mode = found.mode & 0o777
    return found.isFile() ? { mode, text: await readFile(file, 'latin1') } : { mode }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw fileError(error, `reading ${file}`)
  }
}

async function move(from: string, to: string): Promise<void> {
  await rename(from, to).catch((error: unknown) => {
    throw fileError(error, `moving ${from} to ${to}`)
  })
}

/** Beside it, then renamed: git may run the hook at this moment. */
async function writeHook(file: string, text: string, mode: number): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      await handle.writeFile(text, 'latin1')
      await handle.sync()
    } finally {
      await handle.close()
    }
    await chmod(temporary, mode)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw fileError(error, `writing ${file}`)
  }
}
