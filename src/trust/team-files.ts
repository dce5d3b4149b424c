/** The team's files in the working tree: where a change to them begins. What counts is what the remote's default branch has. */

import { randomBytes } from 'node:crypto'
import { chmod, lstat, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError, TeleportError } from '../errors.ts'
import { decodePolicy, type PolicyFileName, type PolicyFiles } from './policy-text.ts'

/** Null when none of the files is there. Throws `bad-policy` for what is no plain text file, and for links. */
export async function readTeamFiles(top: string): Promise<PolicyFiles | null> {
  const files = {
    allowed_signers: await readTeamFile(top, 'allowed_signers'),
    recipients: await readTeamFile(top, 'recipients'),
    config: await readTeamFile(top, 'config'),
  }
  return Object.values(files).every((text) => text === null) ? null : files
}

export async function readTeamFile(top: string, name: PolicyFileName): Promise<string | null> {
  const file = await plainPath(top, name)
  if (file === null) return null
  const bytes = await readFile(file).catch((error: unknown) => {
    throw fileError(error, `reading ${file}`)
  })
  return decodePolicy(`.teleport/${name}`, bytes)
}

/** The old or the new file, 0644 since it is meant for everybody. */
export async function writeTeamFile(top: string, name: PolicyFileName, text: string): Promise<void> {
  const file = (await plainPath(top, name)) ?? path.join(top, '.teleport', name)
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(temporary, text, { flag: 'wx' })
    await chmod(temporary, 0o644)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw fileError(error, `writing ${file}`)
  }
}

/** Null when there is none. A link could lead out of the repository. */
async function plainPath(top: string, name: PolicyFileName): Promise<string | null> {
  const folder = path.join(top, '.teleport')
  const file = path.join(folder, name)
  for (const [where, kind] of [
    [folder, 'folder'],
    [file, 'file'],
  ] as const) {
    const found = await lstat(where).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return null
      throw fileError(error, `looking at ${where}`)
    })
    if (!found) return null
    const fits = kind === 'folder' ? found.isDirectory() : found.isFile()
    if (!fits)
      throw new TeleportError('bad-policy', `${where} is no plain ${kind}`, { hint: `rm '${where}'` })
  }
  return file
}
