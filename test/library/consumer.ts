/** A project outside of the repository that uses the built package, and the examples of docs/library.md in it. */

import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Ran, run } from '../support/run.ts'
import { type Machine, must, type Sandbox } from '../support/sandbox.ts'

export const root = path.resolve(import.meta.dirname, '../../..')

/** `packages` are folders to be found below `node_modules`, by name. `dist/` must have been built. */
export async function makeConsumer(
  sandbox: Sandbox,
  packages: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = path.join(sandbox.folder, 'consumer')
  await mkdir(folder)
  await writeFile(path.join(folder, 'package.json'), '{"private":true,"type":"module"}\n')
  await link(folder, { 'git-teleport': root, ...packages })
  return folder
}

async function link(folder: string, packages: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, from] of Object.entries(packages)) {
    const place = path.join(folder, 'node_modules', name)
    await mkdir(path.dirname(place), { recursive: true })
    await symlink(from, place)
  }
}

/**
 * The same with the package as a user gets it: packed by npm and installed from that file, without the network; nothing of
 * the repository is below it. `dist/` must have been built.
 */
export async function makePackedConsumer(
  sandbox: Sandbox,
  packages: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = path.join(sandbox.folder, 'consumer')
  await mkdir(folder)
  await writeFile(path.join(folder, 'package.json'), '{"private":true,"type":"module"}\n')
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: sandbox.folder,
    npm_config_cache: path.join(sandbox.folder, 'npm-cache'),
    npm_config_update_notifier: 'false',
  }
  const npm = async (cwd: string, ...args: readonly string[]) =>
    must(await run('npm', args, { cwd, env, timeoutMs: 120_000 }), `npm ${args[0]}`).stdout.trim()
  const name = await npm(root, 'pack', '--silent', '--ignore-scripts', '--pack-destination', folder)
  await npm(folder, 'install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund', `./${name}`)
  await link(folder, packages)
  return folder
}

/** Runs `source` as a module of the consumer, in `cwd`. */
export async function runModule(
  consumer: string,
  machine: Machine,
  cwd: string,
  source: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const file = path.join(consumer, 'program.mjs')
  await writeFile(file, source)
  return run(process.execPath, [file], { cwd, env: { ...machine.env, ...env } })
}

/** The example that carries the mark `<!-- test: name -->`. */
export async function example(name: string): Promise<string> {
  const text = await readFile(path.join(root, 'docs/library.md'), 'utf8')
  const block = new RegExp(`<!-- test: ${name} -->\\n\`\`\`js\\n(.*?)\`\`\``, 's').exec(text)?.[1]
  if (block === undefined) throw new Error(`docs/library.md has no example called ${name}`)
  return block
}
