/** What a pull is about to do to the user's work trees, so that one that is killed can be put in order by the next command. */

import { rm } from 'node:fs/promises'
import { isOid, type Oid } from '../model.ts'
import { readCachedJson, writeJson } from './json-file.ts'
import type { Store } from './store.ts'

/** A new work tree is made in `temporary` and moved to `dir` when it is whole. */
export interface WorktreeJournal {
  readonly kind: 'worktree'
  readonly dir: string
  /** The folder that holds nothing but the unfinished work tree. */
  readonly temporary: string
  readonly head: Oid
  readonly branch: string | null
  readonly expected: Oid | null
}

/** The work tree at `top` is switched. Until HEAD moves it can be put back: it was clean. */
export interface CheckoutJournal {
  readonly kind: 'checkout'
  readonly top: string
  /** HEAD before. */
  readonly head: Oid
  readonly branch: string | null
  /** The index file as it was: size and time of change. */
  readonly index: string
  /** Tree of the index as it becomes. */
  readonly indexTree: Oid
  /** Paths that were not there, as Latin-1. */
  readonly added: readonly string[]
}

export type CodeJournal = WorktreeJournal | CheckoutJournal

type Place = Pick<Store, 'path'>

const fileOf = (store: Place) => store.path('code.json')

export function writeCodeJournal(store: Place, journal: CodeJournal): Promise<void> {
  return writeJson(fileOf(store), journal)
}

export function removeCodeJournal(store: Place): Promise<void> {
  return rm(fileOf(store), { force: true })
}

/** `undefined` when there is none, or none that can be read. */
export async function readCodeJournal(store: Place): Promise<CodeJournal | undefined> {
  return parse(await readCachedJson(fileOf(store)))
}

function parse(value: unknown): CodeJournal | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return undefined
  const read = new Map<string, unknown>(Object.entries(value))
  const text = (key: string) => {
    const found = read.get(key)
    return typeof found === 'string' ? found : ''
  }
  const head = text('head')
  if (!isOid(head)) return undefined
  const branch = read.get('branch') === null ? null : text('branch')
  if (value.kind === 'worktree') {
    const expected = text('expected')
    return {
      kind: 'worktree',
      dir: text('dir'),
      temporary: text('temporary'),
      head,
      branch,
      expected: isOid(expected) ? expected : null,
    }
  }
  const indexTree = text('indexTree')
  const added = read.get('added')
  if (value.kind !== 'checkout' || !isOid(indexTree) || !Array.isArray(added)) return undefined
  return {
    kind: 'checkout',
    top: text('top'),
    head,
    branch,
    index: text('index'),
    indexTree,
    added: added.filter((path): path is string => typeof path === 'string'),
  }
}
