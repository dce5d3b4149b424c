/** `git teleport status` */

import { Command } from 'clipanion'
import { readStatus, type SessionStatus, type Status } from '../core/status.ts'
import type { World } from '../core/world.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { automationLine } from './hook.ts'
import { formatBytes, safe, shortId } from './text.ts'

export class StatusCommand extends TeleportCommand {
  static override paths = [['status']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Show how the sessions of this work tree stand to the remote',
    details: 'By what this machine knows: nothing is fetched. `list` asks the remote.',
    examples: [['What a push would send', 'git teleport status']],
  })

  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const status = await readStatus(world, { remote: this.remote })
    const head = [
      `remote   ${safe(status.remote.name)}  ${safe(status.remote.url)}`,
      `device   ${status.device ?? 'none yet: git teleport init'}`,
      `store    ${formatBytes(status.storeBytes)}`,
      `commits  ${automationLine(status.automation)}`,
      `auto     ${autoLine(status.auto)}`,
    ]
    const { io } = this.context
    const body =
      status.sessions.length > 0 ? ['', table(status.sessions, io.isTerminal.stdout ? io.columns : 200)] : []
    const advice = status.sessions.flatMap(adviceOn)
    return { json: { ...status }, text: [...head, ...body, ...advice].join('\n') }
  }
}

function autoLine({ remote, movedFrom, waiting }: Status['auto']): string {
  if (remote === null) return 'off: conversations are sent when you push them'
  const where =
    movedFrom === null ? `to ${safe(remote.name)}` : `${safe(remote.name)} has moved: git teleport auto`
  return `${where}${waiting.length === 0 ? '' : `, ${waiting.length} not sent yet`}`
}

const words: Readonly<Record<SessionStatus['state'], string>> = {
  never: 'not pushed',
  pushed: 'pushed',
  'local-ahead': 'ahead',
  older: 'older here',
  unsure: 'push unsure',
}

/** What a person should know of one session beside the table. */
function adviceOn({ session, holder, readersChanged, expired }: SessionStatus): readonly string[] {
  const id = shortId(session)
  return [
    ...(holder ? [`${id}  ${safe(holder.principal)} has it since ${holder.since}`] : []),
    ...(readersChanged ? [`${id}  its readers are not today's any more: git teleport rewrap ${id}`] : []),
    ...(expired ? [`${id}  has expired on the remote; this copy stays`] : []),
  ]
}

function table(sessions: readonly SessionStatus[], columns: number): string {
  const rows = sessions.map((each) => [
    shortId(each.session),
    [words[each.state], ...(each.live ? ['open'] : []), ...(each.changes ? ['with changes'] : [])].join(', '),
    each.seq === 0 ? '-' : String(each.seq),
    String(each.messages),
    formatBytes(each.sizeBytes),
    each.pendingBytes === 0 ? '-' : formatBytes(each.pendingBytes),
    safe(each.title ?? '-'),
  ])
  return formatTable(rows, {
    columns,
    headings: ['ID', 'STATE', 'PUSH', 'MSGS', 'SIZE', 'TO SEND', 'TITLE'],
  }).trimEnd()
}
