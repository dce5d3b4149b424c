/** A command line that is run inside of another program: no terminal, one place for all that it says. */

import { Readable, Writable } from 'node:stream'
import type { Io } from './io.ts'

export interface Heard {
  readonly io: Io
  /** Results, warnings and errors so far, in their order. */
  text(): string
}

/** What is beyond this many bytes nobody is shown. */
const mostBytes = 1024 * 1024
/** What is shown is indented in a window of unknown width. */
const columns = 96

export function quietIo(
  io: Io,
  { env, signal }: { readonly env: Readonly<Record<string, string>>; readonly signal: AbortSignal },
): Heard {
  const all = collector()
  const { cwd, home, platform, hostname, system, now, random, pid, version, program } = io
  return {
    text: all.text,
    io: {
      stdin: Readable.from([]),
      stdout: sink(all),
      stderr: sink(all),
      env: { ...io.env, ...env, NO_COLOR: '1' },
      cwd,
      isTerminal: { stdin: false, stdout: false, stderr: false },
      columns,
      now,
      random,
      home,
      platform,
      hostname,
      system,
      signal,
      pid,
      version,
      ...(program ? { program } : {}),
    },
  }
}

interface Collector {
  take(chunk: Uint8Array): void
  text(): string
}

function collector(): Collector {
  const chunks: Uint8Array[] = []
  let bytes = 0
  return {
    take(chunk) {
      if (bytes < mostBytes) chunks.push(chunk)
      bytes += chunk.length
    },
    text: () => Buffer.concat(chunks).subarray(0, mostBytes).toString('utf8').trimEnd(),
  }
}

function sink(collector: Collector): Writable {
  return new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      collector.take(chunk)
      done()
    },
  })
}
