/** Shorthand for told sessions: the options that tests share, and all that a telling gives. */

import type { Part, SessionCursor, SessionOptions } from '../../src/demo/generate-session.ts'
import { parseSessionId } from '../../src/model.ts'

export const toldStart = Date.UTC(2026, 10, 20, 12)

/** A session of a machine whose home is `home`, launched in `root`. */
export function toldOptions(
  home: string,
  root: string,
  more: Partial<SessionOptions> & { readonly bytes: number },
): SessionOptions {
  return {
    seed: 'a seed',
    session: parseSessionId('5f0e7d2c-1111-4222-8333-0123456789ab'),
    home,
    config: `${home}/.claude`,
    root,
    startTime: toldStart,
    ...more,
  }
}

export interface Told {
  /** Text of every file, by path below the configuration folder. */
  readonly files: ReadonlyMap<string, string>
  readonly cursor: SessionCursor
}

/** Listens to the end and keeps everything in memory. */
export function hear(parts: Generator<Part, SessionCursor, undefined>, before?: Told): Told {
  const files = new Map(before?.files)
  for (;;) {
    const step = parts.next()
    if (step.done) return { files, cursor: step.value }
    const { path, append, bytes } = step.value
    files.set(path, (append ? (files.get(path) ?? '') : '') + new TextDecoder().decode(bytes))
  }
}
