/** Makes the world of the use cases for a program that uses the library: everything handed in, nothing asked for on a terminal. */

import { randomUUID } from 'node:crypto'
import { interruption, TeleportError } from '../errors.ts'
import type { Environment } from '../git-store/environment.ts'
import { machineName } from '../git-store/process-identity.ts'
import type { Progress } from '../model.ts'
import { systemFacts } from './system-facts.ts'
import { type Choice, neverOnTerminal, type SystemFacts, type World } from './world.ts'

/** One report of work that goes on. Bytes; `totalBytes` 0 means that nobody knows. */
export type ProgressEvent =
  | { readonly kind: 'step'; readonly doing: string; readonly totalBytes: number }
  | { readonly kind: 'advance'; readonly bytes: number }
  | { readonly kind: 'done' }

export interface WorldOptions {
  /** Absolute: a folder in a checkout of the repository that the sessions belong to. */
  readonly cwd: string
  /** The environment of git and its helpers, and where settings such as `GIT_TELEPORT_IDENTITY` are read: often `process.env`. */
  readonly env: Environment
  /** Often `process.platform`. */
  readonly platform: NodeJS.Platform
  /** Absolute. Otherwise `HOME`, on Windows `USERPROFILE`. */
  readonly home?: string
  /** What others see as the name of this machine. Otherwise what the system says. */
  readonly hostname?: string
  /** Aborted, what goes on stops between two steps and rejects with `interrupted`. */
  readonly signal?: AbortSignal
  readonly onProgress?: (event: ProgressEvent) => void
  /** Something that a person should know and that is not the result. */
  readonly onNote?: (message: string) => void
  /** Answers a yes-or-no question. Without it, what would ask rejects with `needs-confirmation`. */
  readonly confirm?: (question: string) => Promise<boolean>
  /** What a question is about, before it is asked. */
  readonly onShow?: (lines: readonly string[]) => void
  /** Answers with a passphrase. Without it, what would ask rejects with `passphrase-needed`. */
  readonly askPassphrase?: (what: string) => Promise<string>
  /** Answers with the value of one choice, or with nothing. */
  readonly choose?: (question: string, choices: readonly Choice[]) => Promise<string | undefined>
  /** A person reads what `onShow` is told and answers `confirm`: then a team may be accepted at first sight. */
  readonly attended?: boolean
  readonly now?: () => Date
  /** A fresh random UUID each time. */
  readonly uuid?: () => string
  /** What the system says about this machine, such as where the managed policy lies. */
  readonly system?: SystemFacts
}

/** Throws `usage` where no home is given and the environment names none. */
export function createWorld(options: WorldOptions): World {
  const { cwd, env, platform } = options
  const signal = options.signal ?? new AbortController().signal
  const { now = () => new Date(), uuid = () => randomUUID(), onNote = ignore, onShow = ignore } = options
  return {
    env: neverOnTerminal(env),
    cwd,
    home: options.home ?? homeIn(env, platform),
    platform,
    hostname: options.hostname ?? machineName(),
    now,
    uuid,
    progress: reporting(options.onProgress ?? ignore, signal),
    note: onNote,
    confirm: options.confirm ?? nobodyToConfirm,
    askPassphrase: options.askPassphrase ?? nobodyKnows,
    choose: options.choose ?? (async () => undefined),
    attended: options.attended ?? false,
    show: onShow,
    system: options.system ?? systemFacts(platform),
    background: false,
    signal,
  }
}

function homeIn({ HOME, USERPROFILE }: Environment, platform: NodeJS.Platform): string {
  const home = platform === 'win32' ? USERPROFILE : HOME
  if (home) return home
  throw new TeleportError('usage', 'no home folder: neither the option nor the environment names one')
}

/** Every report is also where interrupted work stops: between two steps, before anything is half-done. */
function reporting(tell: (event: ProgressEvent) => void, signal: AbortSignal): Progress {
  const report = (event: ProgressEvent) => {
    if (signal.aborted) throw interruption(signal.reason)
    tell(event)
  }
  return {
    step: (doing, totalBytes = 0) => report({ kind: 'step', doing, totalBytes }),
    advance: (bytes) => report({ kind: 'advance', bytes }),
    done: () => tell({ kind: 'done' }),
  }
}

async function nobodyToConfirm(question: string): Promise<boolean> {
  throw new TeleportError('needs-confirmation', `not confirmed: ${question}`, {
    hint: 'give createWorld a function `confirm`',
  })
}

async function nobodyKnows(what: string): Promise<string> {
  throw new TeleportError('passphrase-needed', `a passphrase is needed for ${what}`, {
    hint: 'give createWorld a function `askPassphrase`',
  })
}

function ignore(): void {}
