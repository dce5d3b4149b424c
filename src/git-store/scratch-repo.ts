/** Throw-away repositories for the demo: a bare remote and checkouts of it. */

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Environment, scrubEnvironment } from './environment.ts'
import { mustRunGit } from './git.ts'

export interface ScratchMachine {
  readonly env: Environment
  readonly checkout: string
}

/** A bare repository in `dir` with one commit, made in the first machine's checkout and cloned to the others. */
export async function makeScratchRepos(dir: string, machines: readonly ScratchMachine[]): Promise<void> {
  const [first, ...others] = machines
  if (!first) return
  await git(first, path.dirname(dir), 'init', '--quiet', '--bare', '--initial-branch=main', dir)
  await mkdir(first.checkout, { recursive: true })
  await git(first, first.checkout, 'init', '--quiet', '--initial-branch=main', '.')
  await writeFile(path.join(first.checkout, 'README.md'), '# Orchard\n\nKeeps count of apples.\n')
  await git(first, first.checkout, 'add', 'README.md')
  await git(first, first.checkout, 'commit', '--quiet', '--message', 'orchard: start')
  await git(first, first.checkout, 'remote', 'add', 'origin', dir)
  await git(first, first.checkout, 'push', '--quiet', '--set-upstream', 'origin', 'main')
  for (const machine of others) {
    await mkdir(path.dirname(machine.checkout), { recursive: true })
    await git(machine, path.dirname(machine.checkout), 'clone', '--quiet', dir, machine.checkout)
  }
}

async function git(machine: ScratchMachine, cwd: string, ...args: readonly string[]): Promise<void> {
  await mustRunGit({ cwd, environment: scrubEnvironment(machine.env, { background: true }) }, args)
}
