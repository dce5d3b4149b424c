/** The scripts that the hooks read: shipped with the program, copied to the store, where every hook finds them. */

import { readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import { replaceText } from './json-file.ts'
import type { Store } from './store.ts'

const scripts = ['post-commit', 'post-rewrite', 'pre-push', 'start-worker'] as const

type Place = Pick<Store, 'path'>

/** `program`: what runs this one, for a hook whose PATH does not lead to it; null leaves that to PATH. */
export async function installScripts(store: Place, program: readonly string[] | null): Promise<void> {
  for (const name of scripts) await replaceText(store.path('hooks', name), await shipped(name))
  if (program) await replaceText(store.path('hooks', 'program'), program.map((word) => `${word}\n`).join(''))
}

export async function removeScripts(storeDir: string): Promise<void> {
  await rm(path.join(storeDir, 'hooks'), { recursive: true, force: true })
}

/** `old`: of another version of this program, and good enough to go on with. */
export async function findScripts(store: Place): Promise<'whole' | 'old' | 'missing'> {
  let state: 'whole' | 'old' = 'whole'
  for (const name of scripts) {
    const found = await readText(store.path('hooks', name))
    if (found === undefined) return 'missing'
    if (found !== (await shipped(name))) state = 'old'
  }
  return state
}

/** In `hooks/git` of the package, some folders above the code, whatever the build made of that. */
async function shipped(name: string): Promise<string> {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const text = await readText(path.join(folder, 'hooks/git', name))
    if (text !== undefined) return text
    if (path.dirname(folder) === folder) throw new Error(`hooks/git/${name} is not in the package`)
  }
}

async function readText(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw fileError(error, `reading ${file}`)
  })
}
