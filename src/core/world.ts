/** What a use case may know of the machine it runs on: everything is handed in, nothing is reached for. Pure. */

import type { AskPassphrase } from '../crypto/device-key.ts'
import type { Environment } from '../git-store/environment.ts'
import type { Progress, Turn } from '../model.ts'

export interface Choice {
  readonly value: string
  readonly label: string
  /** Of a session: what it is found by and described with. */
  readonly about?: SessionFacts
}

/** What is known of a session before anybody looks into it. Null: not known; `expires` undefined likewise. */
export interface SessionFacts {
  readonly title: string | null
  readonly author: string | null
  readonly host: string | null
  readonly branch: string | null
  readonly commits: readonly string[]
  readonly messages: number | null
  readonly sizeBytes: number
  readonly updated: string
  readonly expires: string | null | undefined
  /** Who signed what the remote has, in words. */
  readonly signer: string | null
  /** Such as `open here`; empty for nothing worth saying. */
  readonly state: string
}

/** What looking into a session tells. */
export interface SessionLook {
  readonly title: string | null
  readonly branch: string | null
  readonly first: string
  readonly last: string
  readonly messages: number
  readonly files: readonly string[]
}

/** Null: it cannot be looked into here. Not `deep`: only what was read before. */
export type LookInto = (value: string, deep: boolean) => Promise<SessionLook | null>

export interface World {
  readonly env: Environment
  /** Absolute. */
  readonly cwd: string
  readonly home: string
  readonly platform: NodeJS.Platform
  readonly hostname: string
  now(): Date
  /** A fresh random UUID. */
  uuid(): string
  readonly progress: Progress
  /** Something the user should know and that is not the result. */
  note(message: string): void
  /** Asks a person; throws `needs-confirmation` when nobody can be asked and `--yes` was not given. */
  confirm(question: string): Promise<boolean>
  readonly askPassphrase: AskPassphrase
  /** Lets a person choose one of several; undefined when nobody is there. */
  choose(question: string, choices: readonly Choice[], look?: LookInto): Promise<string | undefined>
  /** Of the terminal that git and ssh may ask on; undefined where they cannot. */
  readonly turn?: Turn | undefined
  /** Somebody is at the terminal: some things nobody may answer in advance. */
  readonly attended: boolean
  /** What a question is about, line by line, before it is asked: shown even when nothing else is. */
  show(lines: readonly string[]): void
  /** What the system, not the user, says about this machine. */
  readonly system: SystemFacts
  /** What starts this program, for what starts it later by itself; undefined where there is no such program. */
  readonly program?: readonly string[] | undefined
  /** The private store to work in, where it is another one than the command line's. */
  readonly storeName?: string | undefined
  /** No prompts, not even git's or ssh's. */
  readonly background: boolean
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}

export interface SystemFacts {
  /** The managed policy; see docs/policy.md. */
  readonly policyFile: string
  /** The user id that must own it; null where files have none. */
  readonly policyOwner: number | null
  /** Whether a host may be asked if it shows a repository to everybody: not one of this machine or its own network. */
  isPublicHost(host: string): boolean
  /** The system's id of the time since it was switched on, instead of its own answer. */
  readonly bootId?: () => Promise<string | null>
}

/**
 * git and ssh ask on the controlling terminal even when nothing of ours is connected to it, as when an agent runs the
 * program. Helpers of the user's that need no terminal go on to answer.
 */
export function neverOnTerminal(env: Environment): Environment {
  return {
    ...env,
    GIT_TERMINAL_PROMPT: '0',
    SSH_ASKPASS: env['SSH_ASKPASS'] || 'false',
    SSH_ASKPASS_REQUIRE: 'force',
  }
}

/** `2026-11-20T12:00:00Z`: the one form of time in everything that is signed or printed. */
export function formatTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
