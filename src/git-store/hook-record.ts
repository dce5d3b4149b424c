/** Which folders of hooks this store's repository has our blocks in: `uninstall` finds them again from anywhere. */

import path from 'node:path'
import { readCachedJson, writeJson } from './json-file.ts'

export interface HookRecord {
  /** Absolute. */
  readonly folders: readonly string[]
  /** Those of them that were made for our hooks. */
  readonly made: readonly string[]
}

const recordFile = (storeDir: string) => path.join(storeDir, 'hooks', 'installed.json')

/** Empty when there is none. */
export async function readHookRecord(storeDir: string): Promise<HookRecord> {
  const value = await readCachedJson(recordFile(storeDir))
  const members = new Map<string, unknown>(typeof value === 'object' && value ? Object.entries(value) : [])
  return { folders: paths(members.get('folders')), made: paths(members.get('made')) }
}

export async function writeHookRecord(storeDir: string, record: HookRecord): Promise<void> {
  await writeJson(recordFile(storeDir), { format: 1, ...record })
}

function paths(value: unknown): readonly string[] {
  if (!Array.isArray(value)) return []
  return value.filter((each): each is string => typeof each === 'string' && path.isAbsolute(each))
}
