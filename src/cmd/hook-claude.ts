/** Not for people: what the hooks of the Claude Code plugin start, with the event on stdin. Always ends with 0. */

import type { Readable } from 'node:stream'
import { Option } from 'clipanion'
import { backgroundWish, rememberPrompt } from '../core/background-prompt.ts'
import { type ClientEvent, largestEventBytes, parseClientEvent } from '../core/client-event.ts'
import { clientStart } from '../core/client-start.ts'
import { type StartedRun, startRun } from '../core/run.ts'
import { commandLineOf } from '../core/slash-command.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import { blocking, starting } from './client-answer.ts'
import { type Outcome, TeleportCommand } from './command.ts'
import type { Io } from './io.ts'
import { quietIo } from './quiet-io.ts'
import { reportError } from './report-error.ts'
import { safe, safeLines, shortId } from './text.ts'
import { makeWorld } from './world.ts'

/** The client gives up on a hook a little later, and would then ask its model. */
const longestMs = 110_000
const longestPromptMs = 25_000

export class HookClaudeCommand extends TeleportCommand {
  static override paths = [['hook', 'claude']]

  event = Option.String()

  async run(world: World): Promise<Outcome> {
    const event = parseClientEvent(await readEvent(this.context.io.stdin))
    if (event !== null) this.context.io.stdout.write(await this.answer(event, world))
    return { json: {}, text: '' }
  }

  private async answer(event: ClientEvent, world: World): Promise<string> {
    try {
      return await this.answerTo(event, world)
    } catch (error) {
      if (error instanceof TeleportError) return this.answerFailed(error)
      throw error
    }
  }

  private async answerTo(event: ClientEvent, world: World): Promise<string> {
    switch (this.event) {
      case 'command':
        return this.answerCommand(event)
      case 'prompt':
        return this.answerPrompt(event, world)
      case 'start':
        return answerStart(event, world)
      default:
        return ''
    }
  }

  /** A command is never the model's, and a setting that cannot be read is told; nothing else stands in anybody's way. */
  private answerFailed({ code, message, hint }: TeleportError): string {
    const text = safeLines(hint === undefined ? message : `${message}\n${hint}`)
    if (this.event === 'command') return blocking('UserPromptExpansion', text)
    return this.event === 'prompt' && code === 'usage' ? blocking('UserPromptSubmit', text) : ''
  }

  /** Runs what was typed as a command line, and shows what that says instead of asking a model. */
  private async answerCommand({ command, args, session }: ClientEvent): Promise<string> {
    let line = ''
    const { text } = await this.runInside(session, longestMs, async (io) => {
      const argv = commandLineOf({ name: command ?? '', args, session })
      line = `git teleport ${argv.join(' ')}`
      await this.context.runLine(argv, io)
    })
    return blocking('UserPromptExpansion', text, `${line}   (in a terminal)`)
  }

  /** Starts a background session with what follows the `&`, unless the prompt is nobody's or the user wants no such thing. */
  private async answerPrompt(event: ClientEvent, world: World): Promise<string> {
    const wish = await backgroundWish(world, event)
    if (wish.kind === 'none') return ''
    if (wish.kind === 'again') return blocking('UserPromptSubmit', describeAgain(wish.started))
    const { prompt } = wish
    const { text, done: started } = await this.runInside(event.session, longestPromptMs, (io) =>
      startRun(makeWorld(io, { quiet: false, yes: false }), { prompt }),
    )
    if (started === undefined) return blocking('UserPromptSubmit', `${text}\n${clearLine}`)
    await rememberPrompt(world, event, prompt, started.session)
    return blocking('UserPromptSubmit', describeStarted(started))
  }

  /** What `work` says instead of writing it, and what it came to; undefined when it failed, and then it says why. */
  private async runInside<T>(
    session: SessionId | null,
    limitMs: number,
    work: (io: Io) => Promise<T>,
  ): Promise<{ readonly text: string; readonly done: T | undefined }> {
    const { io } = this.context
    const deadline = AbortSignal.timeout(limitMs)
    // A person typed it, whatever runs around it.
    const inside = { CLAUDE_CODE_SESSION_ID: session ?? '', CLAUDECODE: '' }
    const heard = quietIo(io, { env: inside, signal: AbortSignal.any([io.signal, deadline]) })
    let done: T | undefined
    try {
      done = await work(heard.io)
    } catch (error) {
      if (error instanceof TeleportError) reportError(heard.io, error, false)
      else heard.io.stderr.write(`git-teleport: error: a defect: ${String(error).slice(0, 500)}\n`)
    }
    const late = deadline.aborted ? `\n(ended after ${limitMs / 1000} s; a terminal waits longer)` : ''
    return { text: `${heard.text()}${late}`, done }
  }
}

const clearLine = 'Ctrl-U clears what you typed from the line below.'

function describeAgain(session: SessionId): string {
  const id = shortId(session)
  return `nothing was started: the line still holds the prompt of background session ${id}. ${clearLine} Enter once more starts it all the same.`
}

/** What the client shows below its own line. */
function describeStarted({ session, branch }: StartedRun): string {
  const id = shortId(session)
  return [
    `background session ${id} works on branch ${safe(branch)}`,
    `  watch  git teleport logs -f ${id}   (in a terminal; in here: /gtp logs ${id}, and /gtp ps for all)`,
    `  stop   /gtp stop ${id}`,
    `  fetch  /gtp pull ${id}   when it has ended`,
    clearLine,
  ].join('\n')
}

async function answerStart({ session, source }: ClientEvent, world: World): Promise<string> {
  if (session === null) return ''
  return starting(await clientStart(world, { session, source }))
}

/** As much of it as can be an event. */
async function readEvent(stdin: Readable): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of stdin) {
    const part = Buffer.from(chunk)
    bytes += part.length
    if (bytes <= largestEventBytes) chunks.push(part)
  }
  return bytes > largestEventBytes ? '' : Buffer.concat(chunks).toString('utf8')
}
