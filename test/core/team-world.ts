/** A remote with a team, and machines that look at it. */

import { mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type InProcessOptions, type Told, teleport } from '../support/in-process.ts'
import { parseJson, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, type Sandbox } from '../support/sandbox.ts'

interface Teardown {
  teardown(work: () => Promise<void>): void
}

export interface TeamWorld {
  readonly sandbox: Sandbox
  readonly remote: string
  readonly admin: Machine
  /** The admin's checkout. */
  readonly top: string
  /** Commits these files below `.teleport` (null deletes) and pushes; returns the commit. */
  merge(files: Readonly<Record<string, string | null>>, subject?: string): Promise<string>
}

export async function makeTeamWorld(t: Teardown): Promise<TeamWorld> {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const admin = await sandbox.machine('admin')
  const top = await checkout(admin, remote, 'app')
  return {
    sandbox,
    remote,
    admin,
    top,
    async merge(files, subject = 'team: change') {
      await mkdir(path.join(top, '.teleport'), { recursive: true })
      for (const [name, text] of Object.entries(files)) {
        const file = path.join(top, '.teleport', name)
        if (text === null) await rm(file)
        else await writeFile(file, text)
      }
      await admin.git(top, 'add', '--all')
      await admin.git(top, 'commit', '--quiet', '--allow-empty', '--message', subject)
      await admin.git(top, 'push', '--quiet', 'origin', 'HEAD')
      return admin.git(top, 'rev-parse', 'HEAD')
    },
  }
}

const keys = {
  ada: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPUcNdpa5MfhJ5Ii3HauBvy92LB/7HzjYFGQtJLFcJmT',
  bob: 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDq6b2mrslfSTG3ET6FcGGkd7m8pLjFi3WclpVyhp6ib',
} as const

export function signerLine(name: keyof typeof keys, options = 'namespaces="git"'): string {
  return `${name}@example.org ${options} ${keys[name]}\n`
}

/** The document of a command with `--json`; what it warned of stands before an error. */
export function saidBy(told: Told): unknown {
  const text = told.stdout === '' ? told.stderr : told.stdout
  return parseJson(text.trim().split('\n').at(-1) ?? '')
}

export interface Asked {
  readonly told: Told
  /** Of the error, or '' when there is none. */
  readonly code: string
  readonly hint: string
  readonly message: string
  readonly commit: string | undefined
}

/** `git teleport policy --json …` at `cwd`. */
export async function policyAt(
  machine: Machine,
  cwd: string,
  argv: readonly string[] = [],
  more: Partial<InProcessOptions> = {},
): Promise<Asked> {
  const told = await teleport(machine, ['policy', '--json', ...argv], { cwd, ...more })
  const said = saidBy(told)
  return {
    told,
    code: stringAt(said, 'error', 'code') ?? '',
    hint: stringAt(said, 'error', 'hint') ?? '',
    message: stringAt(said, 'error', 'message') ?? '',
    commit: stringAt(said, 'commit'),
  }
}
