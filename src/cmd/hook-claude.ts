/** Not for people: what the hooks of the Claude Code plugin start, with the event on stdin. Always ends with 0. */

import type { Readable } from 'node:stream'
import { Option } from 'clipanion'
import { backgroundWish, rememberPrompt } from '../core/background-prompt.ts'
import { type ClientEvent, largestEventBytes, parseClientEvent } from '../core/client-event.ts'
import { clientStart } from '../core/client-start.ts'
import { commandLineOf } from '../core/slash-command.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { isSessionId, type SessionId } from '../model.ts'
import { blocking, starting } from './client-answer.ts'
import { type Outcome, TeleportCommand } from './command.ts'
import { quietIo } from './quiet-io.ts'
import { reportError } from './report-error.ts'
import { safe, shortId } from './text.ts'

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

  /** Runs what was typed as a command line, and shows what that says instead of asking a model. */
  private async answerCommand({ command, args, session }: ClientEvent): Promise<string> {
    const say = { event: 'UserPromptExpansion', limitMs: longestMs } as const
    const heard = await this.runInside(session, say.limitMs, () =>
      commandLineOf({ name: command ?? '', args, session }),
    )
    return blocking(say.event, heard.text, `${heard.line}   (in a terminal)`)
  }

  /** Starts a background session with what follows the `&`, unless the prompt is nobody's or the user wants no such thing. */
  private async answerPrompt(event: ClientEvent, world: World): Promise<string> {
    const wish = await backgroundWish(world, event)
    if (wish.kind === 'none') return ''
    if (wish.kind === 'again') return blocking('UserPromptSubmit', describeAgain(wish.started))
    const line = ['run', '--json', '--', wish.prompt]
    const heard = await this.runInside(event.session, longestPromptMs, () => line)
    const started = startedIn(heard.result)
    if (started === null) return blocking('UserPromptSubmit', `${heard.text}\n${clearLine}`)
    await rememberPrompt(world, event, wish.prompt, started.session)
    return blocking('UserPromptSubmit', describeStarted(started))
  }

  private async runInside(
    session: SessionId | null,
    limitMs: number,
    lineOf: () => readonly string[],
  ): Promise<{ readonly line: string; readonly text: string; readonly result: string }> {
    const { io } = this.context
    const deadline = AbortSignal.timeout(limitMs)
    // A person typed it, whatever runs around it.
    const inside = { CLAUDE_CODE_SESSION_ID: session ?? '', CLAUDECODE: '' }
    const heard = quietIo(io, { env: inside, signal: AbortSignal.any([io.signal, deadline]) })
    let line = ''
    try {
      const argv = lineOf()
      line = `git teleport ${argv.join(' ')}`
      await this.context.runLine(argv, heard.io)
    } catch (error) {
      if (error instanceof TeleportError) reportError(heard.io, error, false)
      else heard.io.stderr.write(`git-teleport: error: a defect: ${String(error).slice(0, 500)}\n`)
    }
    const late = deadline.aborted ? `\n(ended after ${limitMs / 1000} s; a terminal waits longer)` : ''
    return { line, text: `${heard.text()}${late}`, result: heard.result() }
  }
}

const clearLine = 'Ctrl-U clears what you typed from the line below.'

function describeAgain(session: SessionId): string {
  const id = shortId(session)
  return `nothing was started: the line still holds the prompt of background session ${id}. ${clearLine} Enter once more starts it all the same.`
}

/** What the client shows below its own line. */
function describeStarted({
  session,
  branch,
}: {
  readonly session: SessionId
  readonly branch: string
}): string {
  const id = shortId(session)
  return [
    `background session ${id} works on branch ${safe(branch)}`,
    `  watch  git teleport logs -f ${id}   (in a terminal; in here: /gtp logs ${id}, and /gtp ps for all)`,
    `  stop   /gtp stop ${id}`,
    `  fetch  /gtp pull ${id}   when it has ended`,
    clearLine,
  ].join('\n')
}

function startedIn(result: string): { readonly session: SessionId; readonly branch: string } | null {
  try {
    const value: unknown = JSON.parse(result)
    if (typeof value !== 'object' || value === null || !('session' in value) || !('branch' in value))
      return null
    const { session, branch } = value
    if (typeof session !== 'string' || !isSessionId(session) || typeof branch !== 'string') return null
    return { session, branch }
  } catch {
    return null
  }
}

/** Nothing that goes wrong here may keep a conversation from beginning. */
async function answerStart({ session, source }: ClientEvent, world: World): Promise<string> {
  if (session === null) return ''
  try {
    return starting(await clientStart(world, { session, source }))
  } catch (error) {
    if (error instanceof TeleportError) return ''
    throw error
  }
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
