/** What the README shows is what happens: its examples run, its demo is the program's own. */

import { copyFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { continueSession, writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { type Told, teleport, teleported } from '../support/in-process.ts'
import { dig, isRecord, parseJson, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { argvIn, isCommandLine } from './definitions.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const readme = await readFile(path.join(root, 'README.md'), 'utf8')
const session = parseSessionId('3f2a91c4-5b1e-4d6f-9a37-c0ffee5e5510')

/** Lines of all code blocks of a language, in their order. */
const code = (language: string) =>
  [...readme.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs'))].flatMap(([, block = '']) =>
    block.trimEnd().split('\n'),
  )

interface Seat {
  readonly machine: Machine
  readonly cwd: string
  publicKey(): Promise<string>
}

/** Ada's machines, one remote, and the session of the demo on the laptop. */
async function makeWorld(t: Parameters<typeof makeSandbox>[0], bytes: number) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const sit = async (name: string, where: string): Promise<Seat> => {
    const machine = await sandbox.machine(name)
    await machine.git(machine.home, 'config', '--global', 'user.email', 'ada@example.org')
    const cwd = await checkout(machine, remote, where)
    const shown = () => teleported(machine, ['key', 'show', '--json'], { cwd })
    return { machine, cwd, publicKey: async () => stringAt((await shown()).json(), 'publicKey') ?? '' }
  }
  const laptop = await sit('laptop', 'code/orchard')
  const desktop = await sit('desktop', 'work/orchard')
  const { home, config } = laptop.machine
  const story = {
    session,
    seed: 'demo',
    bytes,
    startTime: Date.UTC(2026, 10, 20),
    home,
    config,
    root: laptop.cwd,
  }
  const { cursor } = await writeSession(story)
  return { sandbox, laptop, desktop, sit, goOn: () => continueSession(story, cursor, 9000) }
}

/** Sizes, ids and times differ from run to run. */
function withoutNumbers(line: string): string {
  return line.trim().replace(/\d+(?:\.\d)? (?:B|kB|MB)/g, '# kB')
}

const textOf = ({ stdout, stderr }: Told) => `${stdout}${stderr}`

test("the demo at the top is the program's own output", async (t) => {
  const { laptop, desktop } = await makeWorld(t, 400_000)
  const seats = { laptop, desktop }
  for (const { machine, cwd } of [laptop, desktop]) await teleported(machine, ['init'], { cwd })
  await teleported(laptop.machine, ['key', 'trust', '--yes', await desktop.publicKey()], { cwd: laptop.cwd })
  await teleported(desktop.machine, ['key', 'trust', '--yes', await laptop.publicKey()], { cwd: desktop.cwd })

  let told: readonly string[] = []
  const shown = code('console')
  t.true(shown.length <= 6)
  for (const line of shown) {
    const [, who, typed] = /^(laptop|desktop)\$ (.+)$/.exec(line) ?? []
    if (who === 'laptop' || who === 'desktop') {
      const ran = await teleported(seats[who].machine, argvIn(typed ?? '') ?? [], { cwd: seats[who].cwd })
      t.is(ran.stderr, '')
      told = ran.stdout.split('\n').map(withoutNumbers)
      continue
    }
    const at = told.indexOf(withoutNumbers(line))
    t.true(at >= 0, `${line}\nis not in what it says:\n${told.join('\n')}`)
    told = told.slice(at + 1)
  }
})

/** What a person would have typed in answer, or looked up. */
async function asTyped(argv: readonly string[], laptop: Seat, desktop: Seat): Promise<readonly string[]> {
  const [verb, what] = argv
  const words = await Promise.all(
    argv.map(async (word) => {
      if (!word.startsWith('ssh-ed25519 AAAA…')) return word
      return word.endsWith('laptop') ? laptop.publicKey() : desktop.publicKey()
    }),
  )
  if (verb === 'rm' || verb === 'uninstall' || what === 'trust') return [...words, '--yes']
  return what === 'export' || what === 'import' ? [...words, '--passphrase-file', 'passphrase'] : words
}

test('every command line of the README runs, in the order in which it stands', async (t) => {
  const { laptop, desktop, sit, goOn } = await makeWorld(t, 60_000)
  const tablet = await sit('tablet', 'orchard')
  for (const { cwd } of [laptop, tablet])
    await writeFile(path.join(cwd, 'passphrase'), 'four words of mine\n')
  const lines = code('sh').filter((line) => line.startsWith('git teleport'))
  t.true(lines.length > 12)
  let ran = 0
  for (const line of lines) {
    const argv = argvIn(line) ?? []
    t.true(isCommandLine(argv), line)
    const isKeyImport = argv[1] === 'import'
    if (isKeyImport)
      await copyFile(path.join(laptop.cwd, 'device-key.txt'), path.join(tablet.cwd, 'device-key.txt'))
    const there = /# (?:desktop|there)/.test(line) || ['pull', 'undo'].includes(argv[0] ?? '')
    const seat = isKeyImport ? tablet : there ? desktop : laptop
    const told = await teleport(seat.machine, await asTyped(argv, laptop, desktop), { cwd: seat.cwd })
    t.is(told.exitCode, 0, `${line}\n${textOf(told)}`)
    ran += 1
    if (argv[0] === 'push') await goOn()
  }
  t.is(ran, lines.length)
})

test('npm scripts that documents name are there', async (t) => {
  const scripts = dig(parseJson(await readFile(path.join(root, 'package.json'), 'utf8')), 'scripts')
  for (const file of ['README.md', 'CONTRIBUTING.md']) {
    const text = await readFile(path.join(root, file), 'utf8')
    for (const [, name = ''] of text.matchAll(/npm run ([a-z:]+)/g))
      t.true(isRecord(scripts) && name in scripts, name)
  }
  t.true(code('sh').includes('npm ci && npm run setup'))
  t.true(code('sh').includes('npm ci && npm test'))
})
