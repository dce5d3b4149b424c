/** Ada, a member, and what must be as it was after she pulled something hostile. */

import { createHash } from 'node:crypto'
import { lstat, mkdir, readdir, readFile, readlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { generateDeviceKey, loadDeviceKey } from '../../src/crypto/device-key.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { isOid, type SessionId } from '../../src/model.ts'
import { readTranscript, type Seat } from '../journeys/seat.ts'
import { makeTeam, publicKey, type Team } from '../journeys/team.ts'
import { dig, isRecord, type JsonRecord, parseRows } from '../support/json.ts'
import { type Plan, type Planted, plant, type Stage } from './mallory.ts'

export interface World extends Stage {
  readonly ada: Seat
  readonly managed: Team['managed']
  /** Commits a policy in which mallory's line has these options; null: she has no line. */
  admitWith(options: string | null): Promise<void>
  /** Another machine of ada's, which has seen nothing. */
  tablet(): Promise<Seat>
}

const cleaning: (() => Promise<void>)[] = []
test.after.always(async () => {
  for (const work of cleaning) await work()
})

let made: Promise<World> | undefined

/** One for all tests of a file: each has a session of its own. */
export function world(): Promise<World> {
  made ??= makeWorld()
  return made
}

async function makeWorld(): Promise<World> {
  const team = await makeTeam({ teardown: (work) => void cleaning.push(work) })
  const ada = await team.sit('ada')
  const mallory = await team.sit('mallory')
  const admitWith = (options: string | null) =>
    team.admit(ada, [
      { seat: ada, principal: 'ada@example.org' },
      ...(options === null ? [] : [{ seat: mallory, principal: 'mallory@example.org', options }]),
    ])
  await admitWith('')
  await setTheTable(ada)
  const nobody = () => Promise.reject(new Error('no passphrase here'))
  const key = await loadDeviceKey(
    { path: path.join(mallory.machine.home, '.config/git-teleport/id_ed25519') },
    nobody,
  )
  const { folder } = team.sandbox
  const policy = await ada.machine.git(ada.top, 'rev-parse', 'HEAD')
  if (!isOid(policy)) throw new Error(policy)
  return {
    ada,
    managed: team.managed,
    admitWith,
    tablet: () => team.sit('ada-tablet', ada),
    remote: team.remote,
    env: mallory.machine.env,
    repo: await ada.machine.git(ada.top, 'rev-list', '--max-parents=0', 'HEAD'),
    mallory: key,
    eve: await generateDeviceKey(path.join(folder, 'eve'), { comment: 'eve' }),
    readers: [await publicKey(ada), await publicKey(mallory)].sort(),
    policy,
  }
}

/** Things of hers that an attack would like to reach. */
async function setTheTable({ machine, top }: Seat): Promise<void> {
  await writeFile(path.join(machine.home, '.bashrc'), '# hers\n')
  await mkdir(path.join(machine.config, 'plans'), { recursive: true })
  await writeFile(path.join(machine.config, 'plans/another-session.md'), '# her plan\n')
  await writeFile(path.join(machine.config, 'settings.json'), '{}\n')
  await writeFile(path.join(machine.config, 'history.jsonl'), '')
  await writeFile(path.join(top, 'app.ts'), 'export {}\n')
}

/** Pulling what the plan puts on the remote ends with this, and nothing of hers has changed. */
export function refuses(
  name: string,
  code: ErrorCode | RegExp,
  plan: Plan | ((world: World) => Plan | Promise<Plan>),
): void {
  test.serial(`refuses ${name}`, async (t) => {
    t.timeout(60_000)
    const at = await world()
    const { session } = await plant(at, typeof plan === 'function' ? await plan(at) : plan)
    await refusesPull(t, at, session, code)
  })
}

export async function refusesPull(
  t: ExecutionContext,
  at: World,
  session: string,
  code: ErrorCode | RegExp,
): Promise<void> {
  const before = await picture(at)
  const failure = await at.ada.refused(['pull', session])
  if (typeof code === 'string') t.is(failure.code, code, failure.message)
  else t.regex(failure.code, code, failure.message)
  // git itself may refuse what it fetches, before anything of ours has seen it.
  t.true(
    (failure.code === 'git-failed' ? [1] : [4, 6, 7]).includes(failure.exitCode),
    `exit ${failure.exitCode}`,
  )
  t.deepEqual(await picture(at), before)
}

export interface Pulled {
  readonly t: ExecutionContext
  readonly at: World
  readonly planted: Planted
  readonly result: JsonRecord
  /** The transcript here. */
  readonly text: string
  readonly rows: readonly JsonRecord[]
  /** Files that came, relative to her home. */
  readonly came: readonly string[]
  dropped(reason: string): number
}

/** Pulling ends well, and of hers nothing has changed but for the session's own files; `check` says what is left of it. */
export function neutralises(
  name: string,
  plan: Plan | ((world: World) => Plan | Promise<Plan>),
  check: (pulled: Pulled) => Promise<void> | void,
): void {
  test.serial(`neutralises ${name}`, async (t) => {
    t.timeout(60_000)
    const at = await world()
    const planted = await plant(at, typeof plan === 'function' ? await plan(at) : plan)
    const before = await picture(at)
    const result = await at.ada.run(['pull', planted.session])
    t.is(result['tier'], 'sanitised')
    const after = await picture(at)
    const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])]
      .filter((file) => before[file] !== after[file])
      .sort()
    for (const file of changed) t.true(isOwn(at, planted.session, file), file)
    const text = (await readTranscript(at.ada, planted.session)).toString()
    const dropped = (reason: string) => Number(dig(result['dropped'], reason) ?? 0)
    const rows = parseRows(text)
    await check({ t, at, planted, result, text, rows, came: changed, dropped })
  })
}

/** Where a session's own files may lie. */
function isOwn({ ada }: World, session: SessionId, file: string): boolean {
  const folder = ada.top.replace(/[^A-Za-z0-9]/g, '-')
  return [
    `.claude/projects/${folder}/${session}`,
    `.claude/file-history/${session}/`,
    `.claude/tasks/${session}/`,
    `.claude/todos/${session}-`,
    `.claude/uploads/${session}/`,
    `.claude/plans/of-this-session`,
  ].some((start) => file.startsWith(start))
}

/** Every file and link below her home, checkout included, with mode and content; the program's own store, and its list of stores, are left out. */
export async function picture({ ada }: World): Promise<Readonly<Record<string, string>>> {
  const { home } = ada.machine
  const entries = await readdir(home, { withFileTypes: true, recursive: true })
  const store = path.join(ada.top, '.git/teleport')
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(store) && !file.endsWith('.config/git-teleport/stores'))
  const rows = found.map(async (file) => {
    const { mode } = await lstat(file)
    const isLink = (mode & 0o170000) === 0o120000
    const content = isLink ? await readlink(file) : await readFile(file)
    return [
      path.relative(home, file),
      `${mode} ${createHash('sha256').update(content).digest('hex')}`,
    ] as const
  })
  return Object.fromEntries((await Promise.all(rows)).sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** All strings in the rows, wherever they stand. */
export function stringsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(stringsIn)
  return isRecord(value) ? Object.entries(value).flatMap(([key, each]) => [key, ...stringsIn(each)]) : []
}
