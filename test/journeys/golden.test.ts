/**
 * What `show` makes of two invented sessions, in every form, as files to be read: fixtures/golden. Renewed with
 * `GOLDEN=write`, as CONTRIBUTING says.
 */

import { cp, mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import test from 'ava'
import { parseSessionId } from '../../src/model.ts'
import { type InProcessOptions, teleported } from '../support/in-process.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'

const sessions = {
  change: parseSessionId('90140001-91c4-4d6f-9a37-0123456789ab'),
  hostile: parseSessionId('90140002-91c4-4d6f-9a37-0123456789ab'),
} as const

interface Golden {
  readonly of: keyof typeof sessions
  /** Below fixtures/golden, behind the session's name. */
  readonly file: string
  readonly argv: readonly string[]
  readonly colour?: boolean
  /** What of it can be read. */
  readonly words?: (stdout: string) => string
}

/** Each form in which a session is read, and the file that holds it. */
const table: readonly Golden[] = [
  ...(['change', 'hostile'] as const).flatMap((of): readonly Golden[] => [
    { of, file: 'show.txt', argv: [] },
    { of, file: 'show.colour.txt', argv: [], colour: true },
    { of, file: 'show.md', argv: ['--format', 'md'] },
    { of, file: 'show.json', argv: ['--format', 'json'] },
    { of, file: 'show.jsonl', argv: ['--format', 'jsonl'] },
    { of, file: 'show.html', argv: ['--format', 'html'], words: unpacked },
  ]),
  { of: 'change', file: 'full.txt', argv: ['--full', '--thinking'] },
  { of: 'change', file: 'stat.txt', argv: ['--stat', '--files'] },
  { of: 'change', file: 'shortened.md', argv: ['--format', 'md', '--limit', '1400'] },
]

const golden = path.resolve(import.meta.dirname, '../../../fixtures/golden')
const said = new Date('2026-11-20T10:01:00Z')

test('what show prints is what the golden files hold', async (t) => {
  const { machine, top, more } = await deskWithFixtures(t)
  const differing: string[] = []
  const hold = async (file: string, found: string) => {
    if (process.env['GOLDEN'] === 'write') await writeFile(path.join(golden, file), found)
    const wanted = await readFile(path.join(golden, file), 'utf8').catch(() => '')
    if (found === wanted) return
    differing.push(file)
    t.log(file, found)
  }
  for (const { of, file, argv, colour, words = (text: string) => text } of table) {
    const options = { ...more, ...(colour ? { onTerminal: true, env: { TERM: 'dumb' } } : {}) }
    const told = await teleported(machine, ['show', sessions[of], '--here', ...argv], options)
    const stdout = words(told.stdout)
    t.true(stdout.split('\n').length <= 150, `${file} is short enough to be read`)
    // Nothing that a terminal obeys but our own colours.
    const plain = colour ? stdout.replaceAll(/\u001b\[\d{1,2}m/g, '') : stdout
    t.notRegex(plain, /[^\P{C}\n]|[\u2028\u2029]/u, `${of}/${file}`)
    await hold(`${of}/${file}`, stdout)
  }
  const commit = await commitChange(machine, top)
  await teleported(machine, ['attach', sessions.change, commit], more)
  const trace = await teleported(machine, ['show', commit, '--format', 'agent-trace', '--offline'], more)
  await hold('change/agent-trace.json', `${JSON.stringify(JSON.parse(trace.stdout), null, 2)}\n`)
  t.deepEqual(differing, [], 'GOLDEN=write renews them; read what changed')
  if (process.env['CI']) t.is(process.env['GOLDEN'], undefined)
})

/** Without the script and style that every file has; a line for each message of its pages. */
function unpacked(html: string): string {
  return html
    .replace(/<style>[\s\S]*?<\/style>/, '<style></style>')
    .replace(/<script>[\s\S]*?<\/script>/, '<script></script>')
    .replace(/sha256-[^']+/g, 'sha256-')
    .replace(/(?<=data-block>)[^<]*/g, (data) => {
      const value: unknown = JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString())
      const lines = Array.isArray(value) ? value.map((each) => JSON.stringify(each)) : [JSON.stringify(value)]
      return `\n${lines.join('\n')}\n`
    })
}

async function deskWithFixtures(t: Parameters<typeof makeSandbox>[0]) {
  const sandbox = await makeSandbox(t)
  const machine = await sandbox.machine('laptop')
  const top = await checkout(machine, await sandbox.bareRemote(), 'app')
  const more: InProcessOptions = { cwd: top, now: () => new Date('2026-11-20T12:00:00Z') }
  await teleported(machine, ['init'], more)
  const folder = path.join(machine.config, 'projects/-home-ada-app')
  for (const [name, session] of Object.entries(sessions)) {
    const transcript = path.join(folder, `${session}.jsonl`)
    await mkdir(path.join(folder, session), { recursive: true })
    await cp(path.join(golden, name, 'session.jsonl'), transcript)
    await cp(path.join(golden, name, 'subagents'), path.join(folder, session, 'subagents'), {
      recursive: true,
    }).catch(() => undefined)
    await utimes(transcript, said, said)
  }
  return { machine, top, more }
}

/** The same commit wherever and whenever it is made. */
async function commitChange(machine: Machine, top: string): Promise<string> {
  const who = { NAME: 'Ada', EMAIL: 'ada@example.org', DATE: '2026-11-20T10:00:11Z' }
  const env = Object.fromEntries(
    Object.entries(who).flatMap(([name, value]) => [
      [`GIT_AUTHOR_${name}`, value],
      [`GIT_COMMITTER_${name}`, value],
    ]),
  )
  await machine.git(top, 'checkout', '--quiet', '--orphan', 'fix-upload')
  await machine.git(top, 'rm', '--quiet', '-r', '--cached', '.')
  await mkdir(path.join(top, 'src'))
  await writeFile(path.join(top, 'src/upload.ts'), changed)
  await machine.git(top, 'add', 'src/upload.ts')
  await machine.run('git', ['commit', '--quiet', '-m', 'Let the caller set the limit'], { cwd: top, env })
  return machine.git(top, 'rev-parse', 'HEAD')
}

const changed = `export const defaultLimit = 8 * 1024 * 1024
export function upload(file: File, limit = defaultLimit) {
  if (file.size > limit) throw new Error("too large")
}
`
