/** The folders of two simulated machines, and a count of what lies in one of them. */

import { mkdir, mkdtemp, readdir, realpath, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileError } from '../errors.ts'

export interface SimulatedMachine {
  readonly name: string
  readonly home: string
  readonly checkout: string
}

export interface Sandbox {
  readonly dir: string
  readonly remote: string
  readonly machines: readonly [SimulatedMachine, SimulatedMachine]
  remove(): Promise<void>
}

/** Different homes and different paths, so that everything has to be relocated. */
export async function makeSandbox(): Promise<Sandbox> {
  try {
    const dir = await realpath(await mkdtemp(path.join(tmpdir(), 'git-teleport-demo-')))
    const laptop = { name: 'laptop', home: path.join(dir, 'laptop', 'home', 'ada') }
    const desktop = { name: 'desktop', home: path.join(dir, 'desktop', 'Users', 'Ada Lovelace') }
    for (const { name, home } of [laptop, desktop]) await makeHome(name, home)
    return {
      dir,
      remote: path.join(dir, 'orchard.git'),
      machines: [
        { ...laptop, checkout: path.join(laptop.home, 'code', 'orchard') },
        { ...desktop, checkout: path.join(desktop.home, 'Work', 'the orchard') },
      ],
      remove: () => rm(dir, { recursive: true, force: true }),
    }
  } catch (error) {
    throw fileError(error, 'making the folders of the demo')
  }
}

async function makeHome(name: string, home: string): Promise<void> {
  await mkdir(path.join(home, '.claude', 'projects'), { recursive: true })
  const identity = `[user]\n\tname = Ada\n\temail = ada@${name}.example\n[init]\n\tdefaultBranch = main\n`
  await writeFile(path.join(home, '.gitconfig'), identity)
}

export interface Count {
  readonly files: number
  readonly bytes: number
}

/** Files of one session below a configuration folder, by what they are to a person. */
export async function countSession(config: string, session: string): Promise<ReadonlyMap<string, Count>> {
  const counts = new Map<string, Count>()
  const entries = await readdir(config, { recursive: true, withFileTypes: true })
  for (const entry of entries.filter((each) => each.isFile())) {
    const file = path.join(entry.parentPath, entry.name)
    const what = kindOf(path.relative(config, file).split(path.sep).join('/'), session)
    if (what === undefined) continue
    const known = counts.get(what) ?? { files: 0, bytes: 0 }
    counts.set(what, { files: known.files + 1, bytes: known.bytes + (await stat(file)).size })
  }
  return counts
}

function kindOf(file: string, session: string): string | undefined {
  if (file.startsWith('plans/')) return 'plan'
  if (!file.includes(session)) return undefined
  if (/^projects\/[^/]+\/[^/]+\.jsonl$/.test(file)) return 'conversation'
  if (file.includes('/subagents/')) return 'subagents'
  if (file.includes('/tool-results/')) return 'large tool outputs'
  if (file.startsWith('file-history/')) return 'checkpoints for /rewind'
  if (file.endsWith('/.lock')) return undefined
  if (file.startsWith('tasks/') || file.startsWith('todos/')) return 'task list'
  return file.startsWith('uploads/') ? 'attached files' : undefined
}
