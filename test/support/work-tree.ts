/** A picture of a work tree and its index, to show that another one is the same bit for bit. */

import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'
import { type Machine, must } from './sandbox.ts'

export interface Picture {
  readonly head: string
  /** `git ls-files --stage`. */
  readonly index: string
  /** `git status --porcelain=v2`, every untracked file by name. */
  readonly status: string
  /** Mode and content of every file and link, by name, as Latin-1. */
  readonly files: Readonly<Record<string, string>>
}

export async function pictureOf(machine: Machine, top: string): Promise<Picture> {
  const git = async (...args: readonly string[]) =>
    must(await machine.run('git', args, { cwd: top, env: { GIT_OPTIONAL_LOCKS: '0' } }), args.join(' '))
      .stdout
  const [head, index, status, files] = await Promise.all([
    git('rev-parse', 'HEAD'),
    git('ls-files', '--stage', '-z'),
    git('status', '--porcelain=v2', '-z', '--untracked-files=all', '--no-renames'),
    filesBelow(top),
  ])
  return { head, index, status, files }
}

async function filesBelow(top: string): Promise<Readonly<Record<string, string>>> {
  const rows: [string, string][] = []
  const visit = async (folder: Buffer, prefix: string) => {
    for (const entry of await readdir(folder, { withFileTypes: true, encoding: 'buffer' })) {
      const name = `${prefix}${entry.name.toString('latin1')}`
      const file = Buffer.concat([folder, Buffer.from(path.sep), entry.name])
      if (name === '.git') continue
      if (entry.isDirectory()) await visit(file, `${name}/`)
      else rows.push([name, await describe(file)])
    }
  }
  await visit(Buffer.from(top), '')
  return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)))
}

async function describe(file: Buffer): Promise<string> {
  const { mode } = await lstat(file)
  if ((mode & 0o170000) === 0o120000) return `link ${(await readlink(file, 'buffer')).toString('latin1')}`
  return `${(mode & 0o100) === 0 ? 'file' : 'program'} ${(await readFile(file)).toString('latin1')}`
}
