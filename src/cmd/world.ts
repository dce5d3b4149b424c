/** Makes the world of the use cases from what the process has: prompts on a terminal, progress on stderr. */

import { randomUUID } from 'node:crypto'
import { type Choice, type LookInto, neverOnTerminal, type World } from '../core/world.ts'
import { interruption, TeleportError } from '../errors.ts'
import type { Turn } from '../model.ts'
import type { Io } from './io.ts'
import { makeProgress } from './progress.ts'
import { safe } from './text.ts'

export interface Manners {
  readonly quiet: boolean
  /** Every question is answered with yes. */
  readonly yes: boolean
  /** Choices are numbered lists, not a picker. */
  readonly plain?: boolean
}

export function makeWorld(io: Io, manners: Manners): World {
  const progress = makeProgress(io, manners.quiet)
  const turn = isInteractive(io) ? makeTurn() : undefined
  /** A question of ours: for as long as it stands, nobody else asks and nothing is drawn. */
  const asking = <T>(ask: () => Promise<T>): Promise<T> => {
    const alone = () => progress.without(ask)
    return turn ? turn(alone) : alone()
  }
  return {
    env: isInteractive(io) ? io.env : neverOnTerminal(io.env),
    get cwd() {
      return io.cwd
    },
    get home() {
      return io.home
    },
    platform: io.platform,
    hostname: io.hostname,
    now: io.now,
    uuid: () => randomUUID(),
    progress,
    note(message) {
      progress.pause()
      if (!manners.quiet) io.stderr.write(`git-teleport: warning: ${safe(message)}\n`)
    },
    confirm: async (question) => manners.yes || asking(() => confirm(io, question)),
    askPassphrase: (what) => asking(() => askPassphrase(io, what)),
    choose: (question, choices, look) => asking(() => choose(io, manners, question, choices, look)),
    turn: turn && ((work) => turn(() => progress.beside(work))),
    attended: isInteractive(io),
    show(lines) {
      progress.pause()
      for (const line of lines) io.stderr.write(`${safe(line)}\n`)
    },
    system: io.system,
    program: io.program,
    background: false,
    signal: io.signal,
  }
}

/** One at a time, in the order in which they came. */
function makeTurn(): Turn {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const mine = last.then(work)
    last = mine.catch(() => undefined)
    return mine
  }
}

/** Somebody is there to be asked and sees the question. */
function isInteractive(io: Io): boolean {
  return io.isTerminal.stdin && io.isTerminal.stderr
}

async function confirm(io: Io, question: string): Promise<boolean> {
  if (!isInteractive(io)) {
    throw new TeleportError('needs-confirmation', `not confirmed: ${question}`, {
      hint: 'add --yes to say so',
    })
  }
  const { confirm: ask, isCancel } = await import('@clack/prompts')
  const answer = await ask({
    message: safe(question),
    initialValue: false,
    input: io.stdin,
    output: io.stderr,
  })
  if (isCancel(answer)) throw interruption()
  return answer
}

async function choose(
  io: Io,
  { plain }: Manners,
  question: string,
  choices: readonly Choice[],
  look: LookInto | undefined,
): Promise<string | undefined> {
  if (!isInteractive(io)) return undefined
  const { canPick, pick } = await import('./picker.ts')
  const { chooseByNumber } = await import('./plain-choice.ts')
  const answer =
    plain || !canPick(io)
      ? await chooseByNumber(io, question, choices)
      : await pick(io, question, choices, look)
  if (answer === undefined) throw interruption()
  return answer
}

/** Never echoed; without a terminal there is nobody to ask, and `otherwise` is the advice. */
export async function askPassphrase(
  io: Io,
  what: string,
  otherwise = 'run the command in a terminal',
): Promise<string> {
  if (!isInteractive(io)) {
    throw new TeleportError(
      'passphrase-needed',
      `a passphrase is needed for ${what}, and there is no terminal to ask on`,
      {
        hint: otherwise,
      },
    )
  }
  const { isCancel, password } = await import('@clack/prompts')
  const answer = await password({
    message: `Passphrase for ${safe(what)}`,
    input: io.stdin,
    output: io.stderr,
  })
  if (isCancel(answer)) throw interruption()
  return answer
}
