/** Not for people: what the hooks of the Claude Code plugin start, with the event on stdin. Always ends with 0. */

import type { Readable } from 'node:stream'
import { Option } from 'clipanion'
import { type ClientEvent, largestEventBytes, parseClientEvent } from '../core/client-event.ts'
import { clientStart } from '../core/client-start.ts'
import { commandLineOf } from '../core/slash-command.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { blocking, starting } from './client-answer.ts'
import { type Outcome, TeleportCommand } from './command.ts'
import { quietIo } from './quiet-io.ts'
import { reportError } from './report-error.ts'

/** The client gives up on a hook a little later, and would then ask its model. */
const longestMs = 110_000

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
      case 'start':
        return answerStart(event, world)
      default:
        return ''
    }
  }

  /** Runs what was typed as a command line, and shows what that says instead of asking a model. */
  private async answerCommand({ command, args, session }: ClientEvent): Promise<string> {
    const { io } = this.context
    const deadline = AbortSignal.timeout(longestMs)
    // A person typed it, whatever runs around it.
    const inside = { CLAUDE_CODE_SESSION_ID: session ?? '', CLAUDECODE: '' }
    const heard = quietIo(io, { env: inside, signal: AbortSignal.any([io.signal, deadline]) })
    let line = ''
    try {
      const argv = commandLineOf({ name: command ?? '', args, session })
      line = `git teleport ${argv.join(' ')}`
      await this.context.runLine(argv, heard.io)
    } catch (error) {
      if (error instanceof TeleportError) reportError(heard.io, error, false)
      else heard.io.stderr.write(`git-teleport: error: a defect: ${String(error).slice(0, 500)}\n`)
    }
    const late = deadline.aborted
      ? `\n(ended after ${longestMs / 1000} s; in a terminal it may take longer)`
      : ''
    return blocking('UserPromptExpansion', `${heard.text()}${late}`, `${line}   (in a terminal)`)
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
