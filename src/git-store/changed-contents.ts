/** What captured code says in plain: the blobs that its bundles hold, and the messages of its commits. */

import { TeleportError } from '../errors.ts'
import { type CodeState, isOid, type Oid } from '../model.ts'
import { type CatFile, openCatFile } from './cat-file.ts'
import { showOutside } from './outside-text.ts'
import type { Scratch } from './scratch.ts'

export interface ChangedContent {
  /** For people: the file's path, or which commit. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** Larger ones are not looked through. */
const largestBytes = 64 * 1024 * 1024

/**
 * Each once, one in memory at a time. To be asked while the scratch folder of `captureCode` is there. Throws `secret-found`
 * for one too large to be looked through, `git-failed`.
 */
export async function* changedContents(scratch: Scratch, state: CodeState): AsyncGenerator<ChangedContent> {
  const tips = [state.head, state.index, state.worktree, state.intent].filter((oid) => oid !== null)
  const range = [...tips, ...state.needs.map((oid) => `^${oid}`), ''].join('\n')
  const listed = await scratch.git(['rev-list', '--objects', '--stdin'], { input: range })
  const reader = openCatFile(scratch.context, '--batch')
  try {
    for (const line of listed.toString().split('\n')) {
      const [oid = '', ...rest] = line.split(' ')
      if (isOid(oid)) yield* contentOf(reader, oid, showOutside(rest.join(' '), 200))
    }
  } finally {
    await reader.close()
  }
}

async function* contentOf(reader: CatFile, oid: Oid, path: string): AsyncGenerator<ChangedContent> {
  const found = await reader.read(oid, largestBytes)
  if (!found) throw new TeleportError('git-failed', `git does not have ${oid}, which it has listed`)
  if (found.type === 'tree') return
  const name = found.type === 'commit' ? `the message of commit ${oid.slice(0, 10)}` : path
  if (!found.content) {
    throw new TeleportError('secret-found', `${name} is too large to be looked through for secrets`, {
      hint: 'ignore it, or push without --with-changes',
    })
  }
  // The header has the names of trees and people.
  const bytes = Buffer.from(found.content.buffer, found.content.byteOffset, found.content.byteLength)
  yield { name, bytes: found.type === 'commit' ? bytes.subarray(bytes.indexOf('\n\n') + 1) : bytes }
}
