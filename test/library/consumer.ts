/** A project outside of the repository that uses the built package, and the examples of docs/library.md in it. */

import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Ran, run } from '../support/run.ts'
import type { Machine, Sandbox } from '../support/sandbox.ts'

export const root = path.resolve(import.meta.dirname, '../../..')

/** `packages` are folders to be found below `node_modules`, by name. `dist/` must have been built. */
export async function makeConsumer(
  sandbox: Sandbox,
  packages: Readonly<Record<string, string>> = {},
): Promise<string> {
  const folder = path.join(sandbox.folder, 'consumer')
  await mkdir(folder)
  await writeFile(path.join(folder, 'package.json'), '{"private":true,"type":"module"}\n')
  for (const [name, from] of Object.entries({ 'git-teleport': root, ...packages })) {
    const place = path.join(folder, 'node_modules', name)
    await mkdir(path.dirname(place), { recursive: true })
    await symlink(from, place)
  }
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
