/** `git teleport completion` */

import { Command, Option } from 'clipanion'
import { listSessions } from '../core/list.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, TeleportCommand } from './command.ts'
import { completionScript, isShell, shells } from './completion-scripts.ts'
import { safe, shortId } from './text.ts'

export class CompletionCommand extends TeleportCommand {
  static override paths = [['completion']]
  static override usage = Command.Usage({
    category: 'Set up',
    description: 'Print the completion script of a shell',
    details:
      'Completes commands, options and the ids of sessions, for `git-teleport` and for `git teleport`.',
    examples: [
      ['bash', 'source <(git-teleport completion bash)'],
      ['zsh', 'source <(git-teleport completion zsh)'],
      ['fish', 'git-teleport completion fish | source'],
    ],
  })

  shell = Option.String({ required: false })
  sessions = Option.Boolean('--sessions', false, {
    description: 'Print what the scripts complete ids from, a line each',
    hidden: true,
  })

  async run(world: World): Promise<Outcome> {
    if (this.sessions) return sessionLines(world)
    if (this.shell === undefined || !isShell(this.shell)) {
      throw new TeleportError('usage', 'name the shell to complete for', {
        hint: `one of: ${shells.join(', ')}`,
      })
    }
    const script = completionScript(this.shell)
    return { json: { shell: this.shell, script }, text: script.trimEnd() }
  }
}

/** From what the last `list` saw: a completion must neither wait for a remote nor complain. */
async function sessionLines(world: World): Promise<Outcome> {
  try {
    const sessions = await listSessions({ ...world, note() {} }, { offline: true })
    const lines = sessions.map((each) => `${shortId(each.session)}\t${safe(each.title ?? '').slice(0, 60)}`)
    return { json: { sessions: sessions.map((each) => each.session) }, text: lines.join('\n') }
  } catch (error) {
    if (error instanceof TeleportError) return { json: { sessions: [] }, text: '' }
    throw error
  }
}
