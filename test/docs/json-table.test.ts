/** The README's table of JSON: each command prints the members that its row names, and a version. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { seatAt } from '../journeys/seat.ts'
import { isOver, makeDesk } from '../support/background.ts'
import { cli } from '../support/cli.ts'
import { teleport } from '../support/in-process.ts'
import { dig, isRecord, recordsIn, stringAt } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { makeStandInClient } from '../support/stand-in-client.ts'
import { startWeb } from '../web/running.ts'

const readme = await readFile(path.resolve(import.meta.dirname, '../../../README.md'), 'utf8')
const session = parseSessionId('3f2a91c4-5b1e-4d6f-9a37-c0ffee5e5510')

/** What the table says, by command. */
const rows = new Map(
  (readme.split('| command | members beside `version` |')[1] ?? '')
    .split('\n\n', 1)
    .flatMap((table) => [...table.matchAll(/^\| (?!---)(.+?) \| (.+) \|$/gm)])
    .map(([, name = '', told = '']) => [name.replaceAll('`', ''), told]),
)

function namesIn(row: string): readonly string[] {
  const told = rows.get(row)
  if (told === undefined) throw new Error(`the table has no row for ${row}`)
  return namesOf(told)
}

const namesOf = (text: string) => [...text.matchAll(/`([A-Za-z]+)`/g)].map(([, name = '']) => name)

const without = (names: readonly string[], ...some: readonly string[]) =>
  names.filter((name) => !some.includes(name))

/** Members of the document, and of everything that lies in those named `into`. */
function membersOf(document: unknown, into: readonly string[]): readonly string[] {
  if (!isRecord(document)) return []
  return Object.entries(document).flatMap(([name, value]) => {
    if (name === 'version') return []
    const inside = into.includes(name) ? [value].flat() : []
    return [name, ...inside.flatMap((each) => membersOf(each, into))]
  })
}

const sorted = (names: readonly string[]) => [...new Set(names)].sort()

test('JSON has the members that the README tells, and a version', async (t) => {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const laptop = await sandbox.machine('laptop')
  const top = await checkout(laptop, remote, 'code/orchard')
  const { home, config } = laptop
  const startTime = Date.now() - 3600_000
  await writeSession({ session, seed: 'table', bytes: 60_000, startTime, home, config, root: top })
  const desk = await makeDesk(t, laptop, top, await makeStandInClient(laptop))
  await desk.say('init')
  await laptop.git(top, 'commit', '--quiet', '--allow-empty', '-m', 'Water the trees')
  const unseen = new Set(rows.keys())

  const ask = async (...argv: readonly string[]) =>
    (await teleport(laptop, argv, { cwd: top, env: desk.env })).json()
  /** Several documents where no single one has all members. */
  const holds = (
    row: string,
    documents: readonly unknown[],
    into: readonly string[] = [],
    told = namesIn(row),
  ) => {
    for (const document of documents) t.is(dig(document, 'version'), 1, row)
    t.deepEqual(sorted(documents.flatMap((each) => membersOf(each, into))), sorted(told), row)
    unseen.delete(row)
  }
  const prints = async (row: string, into: readonly string[], ...argv: readonly string[]) =>
    holds(row, [await ask(...argv, '--json')], into)

  await prints('push', [], 'push')
  const all = await ask('push', '--all', '--json')
  holds('push --all', [all], [], ['sessions'])
  t.deepEqual(sorted(membersOf(recordsIn(dig(all, 'sessions'))[0], [])), sorted(namesIn('push')))
  await prints('pull', [], 'pull', session)
  await prints('attach, detach', [], 'attach', session, 'HEAD')
  await prints('list', ['sessions'], 'list')
  await prints('search', ['sessions', 'matches'], 'search', 'the')
  await prints('log', ['commits', 'sessions'], 'log')
  await prints('blame', ['lines'], 'blame', 'README.md')
  await prints('review', [], 'review', 'HEAD~1..HEAD')
  await prints('status', [], 'status')
  await prints('hook status', [], 'hook', 'status')
  await prints('auto', [], 'auto')
  await prints('policy', ['settings'], 'policy')
  await prints('member list', [], 'member', 'list')
  await prints('scan', ['places'], 'scan', session)
  await prints('doctor', ['findings'], 'doctor')
  // Nothing is wrong here that it could find.
  const ofAudit = namesIn('audit').filter((name) => name !== 'kind' && name !== 'detail')
  holds('audit', [await ask('audit', '--json')], ['events'], ofAudit)

  const figures = ['--stat', '--files', '--json']
  const read = async (...argv: readonly string[]) => [
    await ask('show', ...argv, '--json'),
    await ask('show', ...argv, ...figures),
  ]
  holds('show', await read(session))
  holds(
    'show of what lies here',
    await read(session, '--here'),
    [],
    [...namesIn('show of what lies here'), ...['conversation', 'stats', 'touched']],
  )
  const ofCommit = [...namesIn('log').filter((name) => name !== 'commits'), ...namesIn('show <commit>')]
  holds('show <commit>', await read('HEAD'), ['sessions'], without(ofCommit, 'log'))
  const [json = ''] = (rows.get('show --format json') ?? '').split(';')
  const ofJson = without([...namesOf(json), ...namesIn('show')], 'show', 'conversation', 'stats', 'touched')
  holds(
    'show --format json',
    [await ask('show', session, '--format', 'json')],
    ['conversations', 'messages'],
    ofJson,
  )

  const tree = path.join(home, 'code/fix')
  await laptop.git(top, 'worktree', 'add', '--quiet', '--detach', tree)
  await prints('to', ['checks'], 'to', tree, session)
  holds(
    'from',
    [await ask('from', tree, session, '--json')],
    ['pulled'],
    [...without(namesIn('from'), 'pull'), ...namesIn('pull')],
  )

  // The remote is away until it has ended, so that something is left for stop to do.
  await laptop.git(top, 'remote', 'set-url', 'origin', `${remote}.away`)
  const run = await desk.ask('run', 'write a.txt one')
  holds('run', [run])
  const id = stringAt(run, 'session') ?? ''
  await desk.until(id, isOver)
  await prints('ps', ['runs'], 'ps', '--all')
  await prints('logs', [], 'logs', id)
  const kept = await ask('ps', '--prune', '--json')
  await laptop.git(top, 'remote', 'set-url', 'origin', remote)
  await prints('stop', ['finished'], 'stop', id)
  holds('ps --prune', [kept, await ask('ps', '--prune', '--json')], ['cleared', 'kept'])

  const web = await startWeb(t, seatAt(laptop, top), session)
  t.is(await web.end('SIGINT'), 0)
  t.deepEqual(
    [namesIn('web'), sorted(web.members)],
    [
      ['url', 'port'],
      ['port', 'url', 'version'],
    ],
  )
  unseen.delete('web')
  await prints('prune', [], 'prune')
  await prints('rewrap', ['sessions'], 'rewrap', session)
  await prints('key rotate', [], 'key', 'rotate', '--yes')
  await prints('expire', ['sessions'], 'expire', session, '--yes')
  const key = stringAt(await ask('key', 'show', '--json'), 'publicKey') ?? ''
  await prints('member add, member remove', [], 'member', 'add', 'ada@example.org', key)
  const failed = await cli(laptop, ['push', '--json', 'ffffffff'], { cwd: top })
  t.is(failed.stdout, '')
  holds('any that fails', [failed.json()], ['error'], without(namesIn('any that fails'), 'data'))
  t.deepEqual([...unseen], [])
})
