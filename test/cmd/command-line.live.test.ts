/** The command line as a whole: help, mistakes, completion; held to the commands as they are declared. */

import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { Cli } from 'clipanion'
import { allCommands, verbNames } from '../../src/cmd/cli.ts'
import type { Context } from '../../src/cmd/command.ts'
import { completionScript, completions, isShell, shells } from '../../src/cmd/completion-scripts.ts'
import { processIo } from '../../src/cmd/io.ts'
import { errorCodes } from '../../src/errors.ts'
import { teleport } from '../support/in-process.ts'
import { makeSandbox } from '../support/sandbox.ts'
import { findProgram } from '../support/tools.ts'

const sources = path.resolve(import.meta.dirname, '../../../src')
const sourceTexts = readdirSync(sources, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => ({ name, text: readFileSync(path.join(sources, name), 'utf8') }))

/** For parsing only: nothing of it is looked at. */
const context: Context = {
  io: processIo(new AbortController().signal, '0.0.0-test'),
  argv: [],
  onDefect() {},
  runLine: async () => 0,
  env: {},
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  colorDepth: 1,
}

const common = ['--json', '--quiet', '--yes', '--no-interactive', '--help']

test('every verb has help with a description, its options and examples', async (t) => {
  const machine = await (await makeSandbox(t)).machine('laptop')
  for (const command of await allCommands()) {
    const [words = []] = command.paths ?? []
    const told = await teleport(machine, [...words, '--help'], { cwd: machine.home })
    t.is(told.exitCode, 0, words.join(' '))
    t.is(told.stderr, '')
    const { usage } = command
    t.truthy(usage?.description && usage.category, words.join(' '))
    t.true(told.stdout.includes(String(usage?.description)))
    t.true((usage?.examples?.length ?? 0) > 0, `${words.join(' ')} has no example`)
    if (words[0] === 'completion') continue
    for (const [, line] of usage?.examples ?? [])
      t.regex(line, new RegExp(`git[- ]teleport ${words.join(' ')}`))
  }
})

test('every example in the help is a line that its command takes', async (t) => {
  const cli = await wholeCli()
  for (const command of await allCommands()) {
    for (const [, line] of command.usage?.examples ?? []) {
      const [, words = ''] = /git[- ]teleport ([^|)>]*)/.exec(line) ?? []
      t.true(cli.process(argumentsOf(words), context) instanceof command, line)
    }
  }
})

test('every command that a message advises is one that there is', (t) => {
  for (const { name, text } of sourceTexts) {
    for (const [told, verb = ''] of text.matchAll(/git teleport ([a-z]+)/g))
      t.true(verbNames.includes(verb), `${name}: ${told}`)
  }
})

test('every error code is thrown somewhere', (t) => {
  const thrown = new Set(
    sourceTexts.flatMap(({ text }) =>
      [...text.matchAll(/TeleportError\(\s*'([a-z-]+)'/g)].map(([, code]) => code),
    ),
  )
  t.deepEqual(
    Object.keys(errorCodes).filter((code) => !thrown.has(code)),
    [],
  )
})

const mistakes: readonly (readonly [argv: readonly string[], message: RegExp, hint: string])[] = [
  [['pusg'], /^there is no command "pusg"$/, 'git teleport push'],
  [['lst'], /^there is no command "lst"$/, 'git teleport list'],
  [['completly-else'], /^there is no command "completly-else"$/, 'git-teleport --help'],
  [['--bogus'], /^there is no command "--bogus"$/, 'git-teleport --help'],
  [['__proto__'], /^there is no command "__proto__"$/, 'git-teleport --help'],
  [['\u001b[31mred'], /^there is no command "red"$/, 'git-teleport --help'],
  [['push', '--bogus'], /--bogus/, 'git-teleport push --help'],
  [['push', '--bogus=1'], /--bogus/, 'git-teleport push --help'],
  [['push', '-x'], /-x/, 'git-teleport push --help'],
  [['push', '--expires'], /--expires/, 'git-teleport push --help'],
  [['push', 'a', 'b'], /^push does not take these arguments$/, 'git-teleport push --help'],
  [
    ['push', '--expires', 'tomorrow'],
    /^"tomorrow" is not a lifetime$/,
    'use something like 12h, 7d, 4w or never',
  ],
  [
    ['push', '--all', '--force'],
    /^--all goes with neither a session, --fork, --force nor --with-changes$/,
    'git-teleport push --help',
  ],
  [['push', '--fork', '--dry-run'], /^--fork changes this machine/, ''],
  [
    ['pull', '--resume', '--dry-run'],
    /^--resume goes with neither/,
    'leave --resume out, and run what the pull prints in a terminal',
  ],
  [
    ['pull', '--resume'],
    /^--resume starts Claude Code, which needs a terminal$/,
    'leave --resume out, and run what the pull prints in a terminal',
  ],
  [['import', 'x.tar.gz', '--restore-env'], /^--restore-env goes with --exact only$/, ''],
  [['init', '--key', 'k', '--passphrase'], /^--passphrase is for a new key/, ''],
  [['rm'], /not enough positional arguments/, 'git-teleport rm --help'],
  [['show', 'a', 'b'], /^show does not take these arguments$/, 'git-teleport show --help'],
  [['key', 'bogus'], /bogus/, 'git-teleport key --help'],
  [['key', 'trust'], /not enough positional arguments|does not take/, 'git-teleport key --help'],
  [['completion'], /^name the shell to complete for$/, 'one of: bash, zsh, fish'],
  [['completion', 'tcsh'], /^name the shell/, 'one of: bash, zsh, fish'],
]

test('a mistyped line ends with 2 and says what is wrong on stderr only', async (t) => {
  const machine = await (await makeSandbox(t)).machine('laptop')
  for (const [argv, message, hint] of mistakes) {
    const line = argv.join(' ')
    const plain = await teleport(machine, argv, { cwd: machine.home })
    t.is(plain.exitCode, 2, line)
    t.is(plain.stdout, '', line)
    const [error = '', advice = ''] = plain.stderr.split('\n')
    t.regex(error.replace('git-teleport: error: ', ''), message)
    t.is(advice, hint === '' ? '' : `git-teleport: hint: ${hint}`)
    const json = await teleport(machine, [...argv, '--json'], { cwd: machine.home })
    t.is(json.exitCode, 2, line)
    t.is(json.stdout, '', line)
    t.like(
      JSON.parse(json.stderr),
      { version: 1, error: { code: 'usage', hint: hint === '' ? null : hint } },
      line,
    )
  }
  const nothing = await teleport(machine, [], { cwd: machine.home })
  t.is(nothing.exitCode, 2)
  t.is(nothing.stdout, '')
  t.regex(nothing.stderr, /git-teleport push/)
})

test('completion knows every verb and every option, and no other', async (t) => {
  t.deepEqual(completions.map(({ verb }) => verb).sort(), [...verbNames].sort())
  const cli = await wholeCli()
  const definitions = cli.definitions()
  for (const { verb, options } of completions) {
    const own = definitions.filter(({ path: words }) => words.split(' ')[1] === verb)
    const real = own
      .flatMap((each) => each.options.flatMap(({ definition }) => definition.replace(/ .*/, '').split(',')))
      .filter((name) => name.startsWith('--'))
    const subcommands = own.flatMap(({ path: words }) => words.split(' ').slice(2, 3))
    const words = new Set([...real, ...subcommands, '--help'].filter((word) => !common.includes(word)))
    t.deepEqual(options.filter((option) => !isShell(option)).toSorted(), [...words].sort(), verb)
  }
})

test('the scripts for the shells are ones that these shells take', async (t) => {
  const machine = await (await makeSandbox(t)).machine('laptop')
  for (const shell of shells) {
    const told = await teleport(machine, ['completion', shell], { cwd: machine.home })
    t.is(told.stdout, completionScript(shell))
    const json = await teleport(machine, ['completion', shell, '--json'], { cwd: machine.home })
    t.like(json.json(), { version: 1, shell })
    const program = findProgram(shell)
    if (program === undefined) continue
    const checked = spawnSync(program, ['-n'], {
      input: told.stdout,
      env: { ...machine.env },
      cwd: machine.home,
    })
    t.is(checked.stderr.toString(), '', shell)
    t.is(checked.status, 0, shell)
  }
})

test('bash completes verbs, options and session ids, for both spellings of the command', async (t) => {
  const machine = await (await makeSandbox(t)).machine('laptop')
  const bin = path.join(machine.home, 'bin')
  await mkdir(bin)
  const stub = `#!/bin/sh\n[ "$*" = "completion --sessions" ] && printf '5b1e3f2a\\tA title; $(touch pwned)\\n77aa00bb\\tpull --force\\n'\n`
  await writeFile(path.join(bin, 'git-teleport'), stub)
  await chmod(path.join(bin, 'git-teleport'), 0o755)
  const complete = (...words: readonly string[]) =>
    completeInBash(t, { ...machine.env, PATH: `${bin}:${machine.env['PATH']}` }, machine.home, words)
  t.deepEqual(complete('git-teleport', 'pu'), ['push', 'pull'])
  t.deepEqual(complete('git', 'teleport', 'unin'), ['uninstall'])
  t.deepEqual(complete('git', '-C', 'x', 'teleport', 'dem'), ['demo'])
  t.deepEqual(complete('git-teleport', 'pull', ''), ['5b1e3f2a', '77aa00bb'])
  t.deepEqual(complete('git', 'teleport', 'pull', '77'), ['77aa00bb'])
  t.deepEqual(complete('git-teleport', 'pull', '--f'), ['--fork', '--force'])
  t.deepEqual(complete('git', 'teleport', 'push', '--exp'), ['--expires'])
  t.deepEqual(complete('git-teleport', 'key', 'tr'), ['trust'])
  t.deepEqual(complete('git-teleport', 'list', '5'), [])
  t.deepEqual(complete('git-teleport', 'nonsense', ''), [])
  t.deepEqual(readdirSync(machine.home).sort(), ['.gitconfig', 'bin'])
})

/** Words that bash offers for the last one. */
function completeInBash(
  t: ExecutionContext,
  env: Record<string, string>,
  cwd: string,
  words: readonly string[],
): readonly string[] {
  const [command = ''] = words
  const call = command === 'git' ? '_git_teleport' : '_git-teleport'
  const script = `${completionScript('bash')}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()\n${call}\nprintf '%s\\n' "\${COMPREPLY[@]}"\n`
  const ran = spawnSync('bash', ['--noprofile', '--norc', '-c', script, 'bash', ...words], { env, cwd })
  t.is(ran.stderr.toString(), '')
  return ran.stdout
    .toString()
    .split('\n')
    .filter((word) => word !== '')
}

async function wholeCli(): Promise<Cli<Context>> {
  const cli = new Cli<Context>({ binaryName: 'git-teleport' })
  for (const command of await allCommands()) cli.register(command)
  return cli
}

/** Splits words as a shell does, as far as the examples need it. */
function argumentsOf(text: string): string[] {
  return [...text.trim().matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, bare]) => double ?? single ?? bare ?? '',
  )
}
