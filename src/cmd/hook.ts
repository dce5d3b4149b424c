/** `git teleport hook install|uninstall|status`, and what nobody types: `hook run`, which the hooks start, and `hook supervise`, which `run` starts. */

import { setTimeout } from 'node:timers/promises'
import { Command, Option } from 'clipanion'
import { type HookInstallResult, installHooks } from '../core/hook-install.ts'
import { uninstallHooks } from '../core/hook-remove.ts'
import { type Automation, type HookStatus, hookStatus } from '../core/hook-status.ts'
import { runWorker } from '../core/hook-worker.ts'
import { superviseRun } from '../core/run-supervise.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { safe } from './text.ts'

const category = 'Commits'

export class HookInstallCommand extends TeleportCommand {
  static override paths = [['hook', 'install']]
  static override usage = Command.Usage({
    category,
    description: 'Tie commits to the sessions that make them, from now on',
    details: `
      Adds post-commit, post-rewrite and pre-push hooks to this repository: as settings where git knows such hooks (2.54
      and newer), else as a few marked lines in the hook files, beside what is there. A hook that no shell reads is
      renamed and run behind ours. \`teleport.auto\` says what a commit sets off: \`attach\` (the usual) notes it for the
      next push of the session, \`push\` sends the session in the background, \`off\` does nothing.
    `,
    examples: [
      ['Note commits', 'git teleport hook install'],
      ['What that would change', 'git teleport hook install --dry-run'],
    ],
  })

  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would be done, and do nothing' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const result = await installHooks(world, { remote: this.remote, dryRun: this.dryRun })
    return { json: { ...result }, text: describeInstall(result) }
  }
}

const stateWords: Readonly<Record<HookInstallResult['hooks'][number]['state'], string>> = {
  new: 'a new file',
  added: 'added to what is there',
  wrapped: 'before the one there, which is renamed',
  renewed: 'brought up to date',
  same: 'there already',
  configured: "in git's configuration",
}

function describeInstall({ hooks, folder, auto, dryRun }: HookInstallResult): string {
  const where = folder === null ? '' : ` in ${safe(folder)}`
  return [
    `${dryRun ? 'would install' : 'installed'} hooks${where}`,
    ...hooks.map(({ name, state }) => `  ${name.padEnd(13)} ${stateWords[state]}`),
    `teleport.auto is ${auto}`,
  ].join('\n')
}

export class HookUninstallCommand extends TeleportCommand {
  static override paths = [['hook', 'uninstall']]
  static override usage = Command.Usage({
    category,
    description: 'Take the hooks out again, exactly',
    details:
      'Hook files are then what they were, byte for byte. Commits noted already stay for the next push.',
    examples: [['Leave commits alone', 'git teleport hook uninstall']],
  })

  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would be done, and do nothing' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const result = await uninstallHooks(world, { remote: this.remote, dryRun: this.dryRun })
    const did = result.dryRun ? 'would take out' : 'took out'
    const text = result.removed.length === 0 ? 'no hooks were there' : `${did} ${result.removed.join(', ')}`
    return { json: { ...result }, text }
  }
}

export class HookStatusCommand extends TeleportCommand {
  static override paths = [['hook', 'status'], ['hook']]
  static override usage = Command.Usage({
    category,
    description: 'Show whether the hooks are in place and what waits to be sent',
    examples: [['Are commits noted?', 'git teleport hook status']],
  })

  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const status = await hookStatus(world, { remote: this.remote })
    return { json: { ...status }, text: describeStatus(status) }
  }
}

function describeStatus(status: HookStatus): string {
  const hooks = status.hooks.map(({ name, state }) => `${name.padEnd(13)} ${state}`)
  return [...hooks, `${'commits'.padEnd(13)} ${automationLine(status)}`].join('\n')
}

/** One line for `status` too. */
export function automationLine({ auto, installed, unsent, failures, nextTry }: Automation): string {
  if (installed === 'no') return 'no hooks: git teleport hook install'
  const broken = installed === 'partly' ? ', hooks incomplete: git teleport hook install' : ''
  const waiting = unsent === 0 ? '' : `, ${unsent} not sent yet`
  const trouble = failures === 0 ? '' : `, ${failures} tries failed, next at ${nextTry ?? 'the next commit'}`
  return `teleport.auto is ${auto}${waiting}${trouble}${broken}`
}

/** Not for people: what `start-worker` starts. Always ends with 0, whatever happens; the next command tells. */
export class HookRunCommand extends TeleportCommand {
  static override paths = [['hook', 'run']]

  async run(world: World): Promise<Outcome> {
    const wait = (ms: number) => setTimeout(ms, undefined, { signal: world.signal }).catch(() => undefined)
    try {
      await runWorker(world, { wait })
    } catch (error) {
      if (!(error instanceof TeleportError)) throw error
    }
    return { json: {}, text: '' }
  }
}

/** Not for people: what `run` leaves beside a session. Ends with 0 unless nothing could be written down. */
export class HookSuperviseCommand extends TeleportCommand {
  static override paths = [['hook', 'supervise']]

  session = Option.String()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    await superviseRun(world, { session: this.session, remote: this.remote })
    return { json: {}, text: '' }
  }
}
