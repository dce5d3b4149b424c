/** `git teleport member add|list|remove` */

import { Command, Option } from 'clipanion'
import { addMember, type EditedTeam, removeMember } from '../core/member.ts'
import { type ListedMember, listTeam, type TeamList } from '../core/member-list.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { readInput } from './files.ts'
import { safe } from './text.ts'

const category = 'Team'
const maxKeyText = 64 * 1024

export class MemberAddCommand extends TeleportCommand {
  static override paths = [['member', 'add']]
  static override usage = Command.Usage({
    category,
    description: 'Let a person or a device into the team, by a change for a pull request',
    details: `
      Writes \`.teleport/allowed_signers\` in the working tree. It counts once it is on the default branch of the remote.
      The key is given as text, as a file or as \`-\` for standard input, or is taken from what a host shows for one of
      its users: that is shown and has to be confirmed, since the host could put in another one.
    `,
    examples: [
      [
        'From the line that init prints',
        'git teleport member add ada@example.org "ssh-ed25519 AAAA… laptop"',
      ],
      ['From a file', 'git teleport member add ada@example.org ada.pub'],
      ['What GitHub shows', 'git teleport member add ada@example.org --from github:ada'],
      ['A key that reads everything and signs nothing', 'git teleport member add --reader escrow age1…'],
    ],
  })

  principal = Option.String()
  key = Option.Rest()
  from = Option.String('--from', { description: "Take a host's word: github:<user>, gitlab:<user>" })
  keysUrl = Option.String('--keys-url', { description: 'Take the keys from this https:// address' })
  reader = Option.Boolean('--reader', false, { description: 'An extra reader, in .teleport/recipients' })
  dryRun = Option.Boolean('--dry-run', false, { description: 'Show the lines, and write nothing' })

  async run(world: World): Promise<Outcome> {
    const sources = [this.key.length > 0, this.from !== undefined, this.keysUrl !== undefined]
    if (sources.filter(Boolean).length !== 1) {
      throw new TeleportError('usage', 'a key, --from or --keys-url is needed, and one of them only', {
        hint: 'git-teleport member add --help',
      })
    }
    const edited = await addMember(world, {
      name: this.principal,
      keys: this.key.length > 0 ? await this.readKeys() : undefined,
      from: this.from,
      keysUrl: this.keysUrl,
      reader: this.reader,
      dryRun: this.dryRun,
    })
    const done = this.dryRun ? 'would add to' : 'added to'
    const text = [...describe(edited, done), ...(this.dryRun ? [] : nextSteps(edited))]
    return { json: { ...edited, dryRun: this.dryRun }, text: text.join('\n') }
  }

  private async readKeys(): Promise<string> {
    const given = this.key.join(' ')
    if (/^(?:ssh-|age1|ecdsa-|sk-)/.test(given)) return given
    return (await readInput(this.context.io, given, maxKeyText)).toString('utf8')
  }
}

export class MemberRemoveCommand extends TeleportCommand {
  static override paths = [['member', 'remove']]
  static override usage = Command.Usage({
    category,
    description: 'Take a person, a device or an extra reader out of the team, by a change for a pull request',
    details: `
      Once it is on the default branch, what they sign is believed no longer, and new sessions are not encrypted to them.
      What they have fetched they keep, and sessions that are on the remote stay readable to them until \`rewrap\`.
    `,
    examples: [
      ['A person with all devices', 'git teleport member remove bob@example.org'],
      ['One lost laptop', 'git teleport member remove mfra2sxpx3tkvypm2yvn5tz4ju'],
    ],
  })

  who = Option.String()
  dryRun = Option.Boolean('--dry-run', false, { description: 'Show the lines, and write nothing' })

  async run(world: World): Promise<Outcome> {
    const edited = await removeMember(world, { who: this.who, dryRun: this.dryRun })
    const done = this.dryRun ? 'would take out of' : 'taken out of'
    const text = [
      ...describe(edited, done),
      ...(this.dryRun ? [] : [...forward, ...nextSteps(edited), ...onceItCounts]),
    ]
    return { json: { ...edited, dryRun: this.dryRun }, text: text.join('\n') }
  }
}

const forward = [
  '',
  'Once this is on the default branch, what they sign is believed no longer, and what is pushed anew is not for them.',
  'What they have fetched they keep; sessions that are on the remote now stay readable to them until `rewrap`, the next step.',
]

export class MemberListCommand extends TeleportCommand {
  static override paths = [['member', 'list'], ['member']]
  static override usage = Command.Usage({
    category,
    description: 'Show who is in the team, by the policy accepted last',
    examples: [['Members with their devices', 'git teleport member list']],
  })

  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const team = await listTeam(world, { remote: this.remote })
    if (team.members.length + team.readers.length === 0 && !this.json) {
      world.note('there is no team here yet: git teleport member add begins one')
    }
    return { json: { ...team }, text: table(team) }
  }
}

function table(team: TeamList): string {
  const rows = team.members.map((each) => [
    safe(each.principal),
    each.device,
    each.fingerprint,
    validity(each),
  ])
  const readers = team.readers.map((each) => [safe(each.comment || '-'), 'reader', safe(each.recipient), '-'])
  const all = [...rows, ...readers]
  const body =
    all.length === 0
      ? []
      : [formatTable(all, { columns: 200, headings: ['MEMBER', 'DEVICE', 'KEY', 'VALID'] }).trimEnd()]
  return [...body, ...where(team)].join('\n')
}

function validity(member: ListedMember): string {
  const { validAfter: from, validBefore: until } = member
  const span = [
    ...(from === null ? [] : [`from ${from}`]),
    ...(until === null ? [] : [`until ${until}`]),
  ].join(' ')
  const valid = member.valid ? span || 'yes' : `no: ${span}`
  return member.thisDevice ? `${valid}, this device` : valid
}

function where(team: TeamList): readonly string[] {
  if (team.commit === null) {
    return team.members.length === 0
      ? []
      : ['', 'in the working tree only: no policy of this remote was accepted yet']
  }
  if (team.changes.length === 0) return []
  return ['', 'the working tree differs:', ...team.changes.map((change) => `  ${safe(change)}`)]
}

function describe(edited: EditedTeam, done: string): readonly string[] {
  return [
    `${done} ${edited.file}:`,
    ...edited.lines.flatMap((line) => line.split('\n')).map((line) => `  ${safe(line)}`),
  ]
}

const onceItCounts = ['', 'Then, for the sessions that are there:', '  git teleport rewrap --all']

function nextSteps(edited: EditedTeam): readonly string[] {
  return [
    '',
    'It counts once it is on the default branch of the remote, best by a pull request:',
    ...edited.next.map((line) => `  ${safe(line)}`),
  ]
}
