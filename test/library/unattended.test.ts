/** The workflow of docs/examples, run step by step where its agent, npm and gh are stand-ins, in a team. */

import { chmod, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { teleport, teleported } from '../support/in-process.ts'
import { dig, recordsIn } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, must, type Sandbox } from '../support/sandbox.ts'
import { root } from './consumer.ts'

const folder = path.join(root, 'docs/examples')

interface Step {
  readonly shell: string
  /** The variables that its own `env` names. */
  readonly names: readonly string[]
}

/** Each step that has a shell, in order. */
async function stepsOf(workflow: string): Promise<readonly Step[]> {
  const text = await readFile(path.join(folder, workflow), 'utf8')
  return text
    .split(/^ {6}- /m)
    .slice(1)
    .flatMap((step) => {
      const [, shell] = /^ {8}run: \|\n((?: {10}.*\n)+)/m.exec(step) ?? []
      const [, env = ''] = /^ {8}env:\n((?: {10}.*\n)+)/m.exec(step) ?? []
      const names = [...env.matchAll(/^ {10}(\w+): /gm)].flatMap(([, name]) => name ?? [])
      return shell === undefined ? [] : [{ shell: shell.replaceAll(/^ {10}/gm, ''), names }]
    })
}

/** Programs that stand in for what a runner would fetch from the network. */
async function standIns(sandbox: Sandbox): Promise<string> {
  const bin = path.join(sandbox.folder, 'bin')
  await mkdir(bin)
  const programs = {
    npm: `if [ "$2" = --prefix ]; then mkdir -p "$3/node_modules"; ln -s ${root} "$3/node_modules/git-teleport"; fi`,
    gh: `printf '%s\\n' "$@" > ${sandbox.folder}/gh.txt`,
    claude: `[ -z "$GIT_TELEPORT_IDENTITY" ] || exit 9
      echo done > made-by-agent.txt
      exec ${process.execPath} ${path.join(import.meta.dirname, 'agent-stand-in.js')} "$@"`,
  }
  for (const [name, body] of Object.entries(programs)) {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${body}\n`)
    await chmod(path.join(bin, name), 0o755)
  }
  return bin
}

/** Ada's project, with a team that the job's key belongs to. */
async function teamProject(sandbox: Sandbox) {
  const remote = await sandbox.bareRemote()
  const ada = await sandbox.machine('ada')
  const top = await checkout(ada, remote, 'project')
  await teleported(ada, ['init'], { cwd: top })
  const keys = await sandbox.machine('keys')
  await teleported(keys, ['init'], { cwd: top })
  const key = path.join(keys.home, '.config/git-teleport/id_ed25519')
  const own = (await readFile(path.join(ada.home, '.config/git-teleport/id_ed25519.pub'), 'utf8')).trim()
  await teleported(ada, ['member', 'add', 'ada@example.org', own, '--yes'], { cwd: top })
  await teleported(ada, ['member', 'add', 'ci@example.org', `${key}.pub`, '--yes'], { cwd: top })
  await mkdir(path.join(top, '.github'))
  await copyFile(path.join(folder, 'post-session.mjs'), path.join(top, '.github/post-session.mjs'))
  await ada.git(top, 'add', '.teleport', '.github')
  await ada.git(top, 'commit', '--quiet', '--message', 'a team')
  await ada.git(top, 'push', '--quiet', 'origin', 'HEAD')
  const policy = await ada.git(top, 'rev-parse', 'HEAD')
  return { remote, ada, top, policy, identity: await readFile(key, 'utf8') }
}

async function runJob(
  runner: Machine,
  cwd: string,
  { PATH = '', ...given }: Readonly<Record<string, string>>,
): Promise<string> {
  const temp = path.join(runner.folder, 'temp')
  await mkdir(temp)
  const files = { GITHUB_ENV: path.join(temp, 'env'), GITHUB_STEP_SUMMARY: path.join(temp, 'summary') }
  for (const file of Object.values(files)) await writeFile(file, '')
  const job = { ...runner.env, PATH, ...files, RUNNER_TEMP: temp, GITHUB_RUN_ID: '17', CI: 'true' }
  for (const step of await stepsOf('agent-job.yml')) {
    const told = (await readFile(files.GITHUB_ENV, 'utf8')).split('\n').filter((line) => line !== '')
    const own = Object.entries(given).filter(([name]) => step.names.includes(name))
    const env = { ...job, ...Object.fromEntries([...own, ...told.map((line) => line.split('=', 2))]) }
    must(await runner.run('bash', ['-e', '-c', step.shell], { cwd, env }), step.shell)
  }
  return readFile(files.GITHUB_STEP_SUMMARY, 'utf8')
}

test('the workflow pushes branch and session, and its line and summary say how to go on', async (t) => {
  const sandbox = await makeSandbox(t)
  const { remote, ada, top, policy, identity } = await teamProject(sandbox)
  const runner = await sandbox.machine('runner')
  const work = await checkout(runner, remote, 'work/project')
  const steps = await stepsOf('agent-job.yml')
  t.deepEqual(
    steps.map(({ names }) => names.includes('GIT_TELEPORT_IDENTITY')),
    [false, false, true],
    'only the step that pushes has the key',
  )
  const text = await readFile(path.join(folder, 'agent-job.yml'), 'utf8')
  t.is(text.split('secrets.TELEPORT_IDENTITY').length - 1, 1, 'nor is it named anywhere else')
  const summary = await runJob(runner, work, {
    PATH: `${await standIns(sandbox)}:${runner.env['PATH']}`,
    GIT_TELEPORT_IDENTITY: identity,
    TELEPORT_POLICY: policy,
    TELEPORT_TO: 'team',
    PROMPT: 'tidy the orchard',
  })
  const [, id = ''] = /^git teleport pull ([0-9a-f-]{36})$/m.exec(summary) ?? []
  t.regex(summary, /^\*\*Session\*\* `/)
  t.regex(summary, /^- `tidy the orchard with \[REDACTED:[^`]+`$/m)
  t.notRegex(summary, /ghp_|@everyone(?!.*`)/)
  t.regex(await readFile(path.join(sandbox.folder, 'gh.txt'), 'utf8'), /^pr\ncreate\n/)
  t.not(await ada.git(remote, 'rev-parse', 'agent/17'), '')

  const here = { cwd: top }
  await teleported(ada, ['policy', '--trust-policy', policy], here)
  const listed = recordsIn(dig((await teleported(ada, ['list', '--json'], here)).json(), 'sessions'))
  t.like(listed[0], { session: id, author: 'ci@example.org' })
  await teleported(ada, ['pull', id], here)
})

test('without the commit of the team, a job is refused and sends nothing', async (t) => {
  const sandbox = await makeSandbox(t)
  const { remote, ada, top, identity } = await teamProject(sandbox)
  const runner = await sandbox.machine('runner')
  const work = await checkout(runner, remote, 'work/project')
  const env = { GIT_TELEPORT_IDENTITY: identity }
  await runner.run(
    process.execPath,
    [
      path.join(import.meta.dirname, 'agent-stand-in.js'),
      '-p',
      'x',
      '--session-id',
      '3f2a91c4-5b1e-4d6f-9a37-c0ffee5e5510',
    ],
    { cwd: work },
  )
  const told = await teleport(runner, ['push', '--to', 'team', '--yes', '--json'], { cwd: work, env })
  t.is(told.exitCode, 6)
  t.is(dig(told.json(), 'error', 'code'), 'policy-not-accepted')
  t.is(await ada.git(top, 'ls-remote', 'origin', 'refs/teleport/*'), '')
})
