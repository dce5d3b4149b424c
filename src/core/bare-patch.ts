/** Patches without context, read as they come from `git diff-tree -U0 --stdin`: what they change, and an id of that. Pure. */

import { createHash } from 'node:crypto'
import { isOid, type Oid } from '../model.ts'

/** What one patch does to one file. */
export interface FilePatch {
  /** As git prints it, quoted when it holds odd bytes. */
  readonly path: string
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export interface BarePatch {
  /** What it leads to. */
  readonly to: Oid
  /**
   * Equal for two patches that add and remove the same lines in the same files, in the same order, wherever in them.
   * Unlike a patch-id it minds blanks and does not mind the lines around.
   */
  readonly id: string
  readonly files: readonly FilePatch[]
}

interface OpenFile {
  path: string
  readonly head: string[]
  readonly added: string[]
  readonly removed: string[]
  readonly body: string[]
}

/** Takes line after line; hands over each patch when the next begins, the last one with `end`. */
export function barePatchReader(onPatch: (patch: BarePatch) => void) {
  let to: Oid | undefined
  let files: OpenFile[] = []
  let file: OpenFile | undefined
  let removedLeft = 0
  let addedLeft = 0

  function flush(): void {
    if (to !== undefined && files.length > 0) onPatch({ to, id: idOf(files), files: files.map(closed) })
    files = []
    file = undefined
  }

  function inHunk(line: string): boolean {
    if (!file) return false
    if (removedLeft > 0 && line.startsWith('-')) {
      removedLeft -= 1
      file.removed.push(line.slice(1))
    } else if (addedLeft > 0 && line.startsWith('+')) {
      addedLeft -= 1
      file.added.push(line.slice(1))
    } else if (!line.startsWith('\\')) return false
    file.body.push(line)
    return true
  }

  return {
    line(bytes: Buffer): void {
      // Byte by byte, so that no two different lines become one.
      const line = bytes.toString('latin1')
      if (inHunk(line)) return
      if (isOid(line)) {
        flush()
        to = line
        return
      }
      if (line.startsWith('diff --git ')) {
        file = { path: '', head: [line], added: [], removed: [], body: [] }
        files.push(file)
        return
      }
      if (!file) return
      const hunk = /^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@/.exec(line)
      if (hunk) {
        removedLeft = Number(hunk[1] ?? 1)
        addedLeft = Number(hunk[2] ?? 1)
        file.body.push('@@')
        return
      }
      if (/^(?:---|\+\+\+) /.test(line)) {
        const name = line.slice(4)
        if (name !== '/dev/null') file.path = withoutPrefix(name)
      } else file.head.push(line)
    },
    end: flush,
  }
}

function withoutPrefix(name: string): string {
  const path = name.replace(/\t$/, '')
  return path.startsWith('"') ? `"${path.slice(3)}` : path.slice(2)
}

function closed({ path, added, removed }: OpenFile): FilePatch {
  return { path, added, removed }
}

/** A text file's blob ids say more than its change; those of a binary file are all there is. */
function idOf(files: readonly OpenFile[]): string {
  const digests = files.map(({ head, body }) => {
    const kept = body.length > 0 ? head.filter((line) => !line.startsWith('index ')) : head
    return digest([...kept, ...body.filter((line) => line !== '@@')].join('\n'))
  })
  return digest(digests.sort().join('\n')).slice(0, 40)
}

function digest(text: string): string {
  return createHash('sha256').update(text, 'latin1').digest('hex')
}

/**
 * The commits of `parts` that `whole` is made of: together they add and remove exactly its lines, each as often. Those
 * that hold anything else are left aside. Undefined when they do not add up.
 */
export function partsOf(whole: BarePatch, parts: readonly BarePatch[]): readonly Oid[] | undefined {
  const target = counted([whole])
  const distinct = new Map(parts.map((part) => [part.id, part]))
  const contained = [...distinct.values()].filter((part) =>
    [...counted([part])].every(([key, count]) => count <= (target.get(key) ?? 0)),
  )
  const sum = counted(contained)
  const exact = sum.size === target.size && [...target].every(([key, count]) => sum.get(key) === count)
  // One alone would have had the same id, but for the order of its hunks.
  return exact && contained.length > 1 ? contained.map(({ to }) => to) : undefined
}

function counted(patches: readonly BarePatch[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  const count = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1)
  for (const { path, added, removed } of patches.flatMap(({ files }) => files)) {
    for (const line of added) count(`+${path}\0${line}`)
    for (const line of removed) count(`-${path}\0${line}`)
    // Modes and binary files cannot be added up.
    if (added.length + removed.length === 0) count(`?${path}`)
  }
  return counts
}
