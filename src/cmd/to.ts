/** `git teleport to` */

import { Command } from 'clipanion'
import { type Arrived, sendTo } from '../core/to.ts'
import type { World } from '../core/world.ts'
import type { Outcome } from './command.ts'
import { describeChecks, JourneyCommand, problemJson } from './journey-options.ts'
import { refuseResume, startInteractive } from './start-client.ts'
import { formatBytes, plural, safe, shortId } from './text.ts'

export class ToCommand extends JourneyCommand {
  static override paths = [['to']]
  static override usage = Command.Usage({
    category: 'Move a session',
    description: 'Send a session to another machine, container or work tree, and restore it there',
    details: `
      Goes straight there, from Git to Git: over ssh (\`ssh://[user@]host[:port]/path\`, \`host:path\`), into a container
      (\`docker://name/path\`, \`podman://name/path\`), or to another checkout or work tree on this machine (a folder). The
      target must be a checkout of this project, with git-teleport, whose device is one of your own: you are asked once.
      Everything is checked before anything is sent. Prints the line that goes on with the session there.
    `,
    examples: [
      [
        'Go on with the newest session on another machine',
        'git teleport to ssh://build.example.org/home/ada/orchard',
      ],
      [
        'Take unpushed commits and uncommitted changes along',
        'git teleport to build:work/orchard --with-changes',
      ],
      ['Into a container', 'git teleport to docker://orchard-dev/workspaces/orchard'],
      ['Into another work tree, and start claude there', 'git teleport to ../orchard-fix 3f2a91c4 --resume'],
    ],
  })

  async run(world: World): Promise<Outcome> {
    const { io } = this.context
    if (this.resume) refuseResume(io, this.json || this.dryRun, 'the command')
    const result = await sendTo(world, this.journey(world.attended))
    const { problem, client, ...told } = result
    const exitCode = problem?.exitCode ?? 0
    if (!this.resume || client === null)
      return {
        json: { ...told, problem: problemJson(problem), dryRun: this.dryRun },
        text: describe(result),
        exitCode,
      }
    io.stderr.write(`${describe(result)}\n`)
    return { json: {}, text: '', exitCode: await startInteractive(io, client.argv, client.cwd) }
  }
}

function describe({
  session,
  target,
  checks,
  sent,
  state,
  files,
  openHere,
  resume,
  problem,
}: Arrived): string {
  const id = shortId(session)
  const name = safe(target.name)
  if (sent === null) {
    const plan = problem
      ? `would not send ${id}: ${safe(problem.message)}`
      : `would send ${id} to ${name}, into ${safe(target.folder)}`
    const hint = problem?.hint === undefined ? [] : [`  ${safe(problem.hint)}`]
    return [...describeChecks(checks), '', plan, ...hint].join('\n')
  }
  const title = `${id} "${safe(sent.title ?? 'no title')}"`
  const head =
    sent.state === 'same'
      ? `${name} has got all of ${title}, push ${sent.seq}`
      : `sent ${title} to ${name}: ${formatBytes(sent.bytesSent)} encrypted, push ${sent.seq}`
  const there =
    state === 'local-ahead'
      ? 'the session there is further than what was sent, and is left as it is'
      : state === 'same' && files === 0
        ? 'it was there already'
        : `restored ${plural(files, 'file')} in ${safe(target.folder)}`
  const open = openHere ? ['it is still open here: what is said here from now on stays here'] : []
  const readable = `readable by: ${safe(sent.readableBy.join(', '))}`
  return [head, readable, there, ...open, '', `  ${safe(resume ?? '')}`].join('\n')
}
