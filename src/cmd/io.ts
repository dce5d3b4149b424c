/** What a command may see of the process: its streams, clock, chance and folders, as one argument. */

import { homedir, hostname } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { systemFacts } from '../core/system-facts.ts'
import type { SystemFacts } from '../core/world.ts'
import { errnoOf, TeleportError } from '../errors.ts'

/** Everything a command takes from the outside. Tests make their own. */
export interface Io {
  readonly stdin: Readable
  /** For results only. */
  readonly stdout: Writable
  /** For progress, warnings and errors. */
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
  /** Absolute. Reading it throws `no-repository` when the folder is gone. */
  readonly cwd: string
  readonly isTerminal: { readonly stdin: boolean; readonly stdout: boolean; readonly stderr: boolean }
  /** Width of the terminal; 80 when there is none. */
  readonly columns: number
  readonly now: () => Date
  /** `n` bytes fit for keys. */
  readonly random: (n: number) => Uint8Array
  /** Absolute. Reading it throws `failed` when the system knows none. */
  readonly home: string
  readonly platform: NodeJS.Platform
  readonly hostname: string
  readonly system: SystemFacts
  /** Aborted when the user interrupts: stop, clean up, return. */
  readonly signal: AbortSignal
  /** From now on an interruption is how the command ends: its exit code is its own. */
  readonly endsByInterruption?: () => void
  readonly pid: number
  /** Of git-teleport. */
  readonly version: string
  /** What starts the program, when it is one: Node, and the file that it runs. */
  readonly program?: readonly string[]
}

/** The real one. Looks things up when they are asked for: a stream or a home that nobody reads costs nothing. */
export function processIo(signal: AbortSignal, version: string, endsByInterruption?: () => void): Io {
  return {
    get stdin() {
      return process.stdin
    },
    get stdout() {
      return process.stdout
    },
    get stderr() {
      return process.stderr
    },
    env: process.env,
    get cwd() {
      return currentFolder()
    },
    isTerminal: {
      get stdin() {
        return process.stdin.isTTY === true
      },
      get stdout() {
        return process.stdout.isTTY === true
      },
      get stderr() {
        return process.stderr.isTTY === true
      },
    },
    get columns() {
      return process.stdout.columns || process.stderr.columns || 80
    },
    now: () => new Date(),
    random: randomBytes,
    get home() {
      return homeFolder()
    },
    platform: process.platform,
    get hostname() {
      return hostname()
    },
    system: systemFacts(process.platform),
    signal,
    ...(endsByInterruption ? { endsByInterruption } : {}),
    pid: process.pid,
    version,
    program: [process.execPath, process.argv[1] ?? ''],
  }
}

function currentFolder(): string {
  try {
    return process.cwd()
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    throw new TeleportError('no-repository', 'the current folder no longer exists', {
      hint: 'cd into a folder of your repository',
      cause: error,
    })
  }
}

function homeFolder(): string {
  try {
    return homedir()
  } catch (error) {
    throw new TeleportError('failed', 'the system knows no home folder of this user', {
      hint: 'export HOME=/path/to/a/folder/of/yours',
      cause: error,
    })
  }
}

/** Web crypto refuses more than 64 KiB at once. */
function randomBytes(n: number): Uint8Array {
  const bytes = new Uint8Array(n)
  for (let at = 0; at < n; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536))
  return bytes
}
