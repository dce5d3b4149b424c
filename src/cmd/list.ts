/** `git teleport list` */

import { Command, Option } from 'clipanion'
import { type ListedSession, listSessions } from '../core/list.ts'
import { listBehind } from '../core/list-commit.ts'
import type { World } from '../core/world.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, remoteOption, TeleportCommand, trustPolicyOption } from './command.ts'
import { formatAge, formatBytes, safe, shortId } from './text.ts'

export class ListCommand extends TeleportCommand {
  static override paths = [['list'], ['ls']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Show the sessions on the remote',
    details:
      'One small fetch, whatever the number of sessions. Titles and the rest are decrypted on this machine.',
    examples: [
      ['The sessions you can read', 'git teleport list'],
      ['Without asking the remote', 'git teleport list --offline'],
      ['Those behind a commit', 'git teleport list --commit HEAD~2'],
      ['Ids only', "git teleport list --json | jq -r '.sessions[].session'"],
    ],
  })

  all = Option.Boolean('-a,--all', false, { description: 'Removed and expired sessions too' })
  offline = Option.Boolean('--offline', false, { description: 'What the last list or fetch saw' })
  commit = Option.String('--commit', { description: 'Only sessions behind this commit' })
  trustPolicy = trustPolicyOption()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const { remote, trustPolicy, all, offline } = this
    const options = { remote, trustPolicy, all, offline }
    const sessions =
      this.commit === undefined
        ? await listSessions(world, options)
        : await listBehind(world, this.commit, options)
    if (sessions.length === 0 && !this.json) {
      const none = 'no sessions here yet: git teleport push sends one'
      world.note(this.commit === undefined ? none : `no session on the remote is tied to ${this.commit}`)
      return { json: { sessions }, text: '' }
    }
    return {
      json: { sessions },
      text: table(sessions, world, this.context.io.isTerminal.stdout ? this.context.io.columns : 200),
    }
  }
}

function table(sessions: readonly ListedSession[], world: World, columns: number): string {
  const now = world.now()
  const handed = sessions.some(({ holder }) => holder !== null)
  const rows = sessions.map((each) => [
    shortId(each.session),
    stateWord(each),
    formatAge(each.updated, now),
    String(each.messages),
    formatBytes(each.sizeBytes),
    safe(each.own ? each.host : each.author),
    ...(handed ? [safe(each.holder?.principal ?? '-')] : []),
    safe(each.branch ?? '-'),
    safe(each.title ?? '-'),
  ])
  return formatTable(rows, {
    columns,
    headings: [
      ...['ID', 'HERE', 'PUSHED', 'MSGS', 'SIZE', 'FROM'],
      ...(handed ? ['HELD BY'] : []),
      ...['BRANCH', 'TITLE'],
    ],
  }).trimEnd()
}

function stateWord(session: ListedSession): string {
  if (session.live) return 'open'
  switch (session.state) {
    case 'new':
      return '-'
    case 'same':
      return 'same'
    case 'fast-forward':
      return 'behind'
    case 'local-ahead':
      return 'ahead'
    case null:
      return '?'
    default:
      return session.state
  }
}
