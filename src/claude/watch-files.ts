/** Tells that files or folders changed: by the system where it does, by looking where it does not. */

import { once } from 'node:events'
import { type FSWatcher, watch } from 'node:fs'
import { stat } from 'node:fs/promises'

/** Changes that come together are one. */
const calmMs = 80
/** Network file systems tell nothing, and what does not exist yet cannot be watched. */
const lookEveryMs = 2000

/**
 * Resolves when `signal` is aborted. `onChange` is called once for many changes, and once as soon as it watches: what
 * changed before that nobody has told.
 */
export async function watchFiles(
  paths: readonly string[],
  onChange: () => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  const watchers = new Map<string, FSWatcher>()
  let waiting: NodeJS.Timeout | undefined
  const change = () => {
    waiting ??= setTimeout(() => {
      waiting = undefined
      onChange()
    }, calmMs)
  }
  const listen = (path: string) => {
    if (watchers.has(path)) return
    try {
      const watcher = watch(path, { persistent: false }, change)
      watchers.set(path, watcher)
      const forget = () => {
        watcher.close()
        watchers.delete(path)
      }
      watcher.on('error', forget)
    } catch {
      // Looked at below.
    }
  }
  for (const path of paths) listen(path)
  let before = await marksOf(paths)
  let looking = false
  const look = async () => {
    if (looking) return
    looking = true
    const now = await marksOf(paths)
    // What is opened from here on nobody would close.
    if (signal.aborted) return
    for (const [at, path] of paths.entries()) {
      // Another file of that name, or the first: what is watched may be one that is gone.
      if (now[at]?.inode === before[at]?.inode) continue
      watchers.get(path)?.close()
      watchers.delete(path)
      if (now[at]) listen(path)
    }
    if (JSON.stringify(now) !== JSON.stringify(before)) change()
    before = now
    looking = false
  }
  if (!signal.aborted) {
    onChange()
    const timer = setInterval(() => void look(), lookEveryMs)
    // Telling may have ended it.
    if (!signal.aborted) await once(signal, 'abort')
    clearInterval(timer)
  }
  clearTimeout(waiting)
  for (const watcher of watchers.values()) watcher.close()
}

interface Mark {
  readonly inode: number
  readonly size: number
  readonly mtimeMs: number
}

async function marksOf(paths: readonly string[]): Promise<readonly (Mark | null)[]> {
  return Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ ino, size, mtimeMs }) => ({ inode: ino, size, mtimeMs }),
        () => null,
      ),
    ),
  )
}
