/** The plugin in the real client: installed from this repository, commands and `&` without a model, conversations sent by themselves. */

import { access, chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { eventually, sentTo } from '../journeys/client-hooks.ts'
import { clientEnvironment, prepareClientHome } from '../support/claude-client.ts'
import { cliDone } from '../support/cli.ts'
import { dig, parseJson, recordsIn, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, must } from '../support/sandbox.ts'
import { type ClientWorld, type Conversation, converse, openClientWorld } from './client-world.ts'

const repository = path.resolve(import.meta.dirname, '../../..')

interface Place {
  readonly world: ClientWorld
  readonly machine: Machine
  readonly top: string
  readonly remote: string
}

/** A machine with `claude` on its PATH. */
async function sit(t: ExecutionContext): Promise<Place | undefined> {
  const world = await openClientWorld(t)
  if (world === undefined) return undefined
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const bare = await sandbox.machine('laptop')
  const bin = path.join(bare.folder, 'bin')
  await mkdir(bin)
  await symlink(world.program, path.join(bin, 'claude'))
  const env = { PATH: `${bin}:${bare.env['PATH']}`, ...clientEnvironment(world.api.url) }
  const machine: Machine = {
    ...bare,
    env: { ...bare.env, ...env },
    run: (command, args, options = {}) =>
      bare.run(command, args, { ...options, env: { ...env, ...options.env } }),
  }
  const top = await checkout(machine, remote, 'code/project')
  await prepareClientHome(machine, [top])
  return { world, machine, top, remote }
}

/** Types a command, waits for its answer, and returns how many requests that cost. */
async function asked(
  { world }: Place,
  client: Conversation,
  command: string,
  answer: RegExp,
): Promise<number> {
  const before = world.api.requests.length
  await client.command(command)
  await client.screen.waitFor((screen) => answer.test(screen.slice(screen.lastIndexOf('blocked by hook'))))
  return world.api.requests.length - before
}

test.serial('the plugin and its marketplace are valid, come with init, and go with uninstall', async (t) => {
  const place = await sit(t)
  if (place === undefined) return
  const { machine, top } = place
  const claude = async (...args: string[]) =>
    must(await machine.run('claude', args, { cwd: top }), args.join(' ')).stdout
  for (const folder of ['.', 'hooks/claude']) {
    await claude('plugin', 'validate', '--strict', path.join(repository, folder))
  }
  const ours = async () =>
    recordsIn(parseJson(await claude('plugin', 'list', '--json'))).filter(
      (plugin) => plugin['id'] === 'git-teleport@git-teleport',
    )
  t.deepEqual(await ours(), [])
  for (let round = 0; round < 2; round += 1) {
    const said: unknown = parseJson(
      (await cliDone(machine, ['init', '--plugin', '--json'], { cwd: top })).stdout,
    )
    t.is(stringAt(said, 'plugin', 'folder'), repository)
  }
  t.deepEqual(
    (await ours()).map((plugin) => plugin['enabled']),
    [true],
  )
  const gone = await cliDone(machine, ['uninstall', '--yes'], { cwd: top })
  t.regex(gone.stdout, /plugin git-teleport/)
  t.deepEqual(await ours(), [])

  const none = { PATH: '/usr/bin:/bin' }
  const refused = await machine.run(process.execPath, [program, 'init', '--plugin'], { cwd: top, env: none })
  t.is(refused.exitCode, 7)
  t.regex(refused.stderr, /claude is not on the PATH[\s\S]*install Claude Code/)
})

const program = path.join(repository, 'dist/git-teleport.cjs')

test.serial(
  'a conversation is sent, listed, left to itself and gone on with, and no model is asked for it',
  async (t) => {
    const place = await sit(t)
    if (place === undefined) return
    const { world, machine, top, remote } = place
    await cliDone(machine, ['init', '--plugin'], { cwd: top })
    const client = await converse(t, world, machine, top)
    t.notRegex(await client.screen.read(), /git-teleport/, 'nothing is said while nothing is on')
    t.is((await client.say('a first word')).length, 1)
    t.deepEqual(await sentTo(place, remote), [])

    t.is(await asked(place, client, '/git-teleport:push', /sent [0-9a-f]{8} "a first word" to origin/), 0)
    t.deepEqual(await sentTo(place, remote), [client.session])
    t.is(await asked(place, client, '/gtp', new RegExp(`ID .*\\s+${client.session.slice(0, 8)}`)), 0)
    t.is(await asked(place, client, '/git-teleport:tp pull "$(touch planted)"', /is not a session id/), 0)
    await t.throwsAsync(access(path.join(top, 'planted')))
    t.is(await asked(place, client, '/gtp auto origin', /go to origin by themselves/), 0)

    // Two in the background. Neither becomes part of this conversation.
    const before = world.api.requests.length
    for (const task of ['& count the stars', '& name the winds']) {
      await client.command(task)
      await client.screen.waitFor((screen) => started(screen).length === (task.includes('winds') ? 2 : 1))
      await client.screen.press('C-u')
    }
    const runs = started(await client.screen.read())
    t.is(new Set(runs).size, 2)
    await eventually('the end of both', async () => {
      const listed = recordsIn(
        dig(parseJson((await cliDone(machine, ['ps', '--json'], { cwd: top })).stdout), 'runs'),
      )
      return listed.length === 2 && listed.every((run) => run['state'] === 'done')
    })
    t.is(world.api.requests.length - before, 2, 'one for each of them')

    const tip = () => machine.git(remote, 'rev-parse', `refs/teleport/sessions/${client.session}`)
    const pushed = await tip()
    const [request] = await client.say('a second word')
    t.false(
      /count the stars|name the winds|sent [0-9a-f]{8}/.test(request?.text ?? ''),
      'none of it came to the model',
    )
    await eventually('the checkpoint after the turn', async () => (await tip()) !== pushed)

    // The remote takes its time. The client ends all the same, and what sends for it is killed.
    await writeFile(
      path.join(remote, 'hooks/pre-receive'),
      `#!/bin/sh\nwhile [ ! -e '${remote}/go' ]; do sleep 0.1; done\n`,
    )
    await chmod(path.join(remote, 'hooks/pre-receive'), 0o755)
    const checkpoint = await tip()
    await client.say('a last word')
    await client.command('/exit')
    await client.screen.waitForEnd()
    await client.screen.close()
    const store = path.join(top, '.git/teleport')
    await eventually(
      'the push',
      async () => (await access(path.join(store, 'sending/taken', client.session))) === undefined,
    )
    const worker = Number(await readFile(path.join(store, 'worker/running'), 'utf8'))
    t.true(worker > 1)
    process.kill(worker, 'SIGKILL')
    t.is(await tip(), checkpoint)

    const again = await converse(t, world, machine, top, client.session)
    await again.screen.waitFor(/SessionStart:resume says: git-teleport: this conversation goes to origin/)
    await again.screen.waitFor(/1 conversation waits to be sent/)
    await writeFile(path.join(remote, 'go'), '')
    await eventually('the end of the push', async () => (await tip()) !== checkpoint)
    await again.exit()
  },
)

/** Ids of the background sessions that the screen tells of. */
function started(screen: string): readonly string[] {
  return [...screen.matchAll(/background session ([0-9a-f]{8}) works on branch/g)].map(([, id = '']) => id)
}
