/** The package as programs meet it: its examples, its types, its manners. `dist/` must have been built. */

import { lstat, readFile, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { writeSession } from '../../src/demo/write-session.ts'
import { createWorld, hasCode, type ProgressEvent, pullSession, pushSession } from '../../src/index.ts'
import { parseSessionId } from '../../src/model.ts'
import { teleported } from '../support/in-process.ts'
import { run } from '../support/run.ts'
import { checkout, makeSandbox, must } from '../support/sandbox.ts'
import { example, makeConsumer, makePackedConsumer, root, runModule } from './consumer.ts'

const session = parseSessionId('3f2a91c4-5b1e-4d6f-9a37-c0ffee5e5510')

async function machineWithSession(t: Parameters<typeof makeSandbox>[0]) {
  const sandbox = await makeSandbox(t)
  const machine = await sandbox.machine('laptop')
  const top = await checkout(machine, await sandbox.bareRemote(), 'project')
  const { home, config } = machine
  const startTime = Date.UTC(2026, 10, 20)
  await writeSession({ session, seed: 'library', bytes: 20_000, startTime, home, config, root: top })
  await teleported(machine, ['init'], { cwd: top })
  return { sandbox, machine, top }
}

const options = (machine: { env: Readonly<Record<string, string>> }, cwd: string) => ({
  cwd,
  env: machine.env,
  platform: process.platform,
})

test('the examples of the reference push and read a session', async (t) => {
  const { sandbox, machine, top } = await machineWithSession(t)
  const consumer = await makeConsumer(sandbox)
  const pushed = must(await runModule(consumer, machine, top, await example('push')), 'the first example')
  t.regex(pushed.stdout, new RegExp(`^push 1 for 1 readers: git teleport pull ${session}$`, 'm'))
  const read = must(await runModule(consumer, machine, top, await example('read')), 'the second example')
  t.true(read.stdout.startsWith(`${session} 20`), read.stdout.slice(0, 200))
  t.regex(read.stdout, /^> /m)
})

test('a program in strict TypeScript compiles against the package, its types checked too', async (t) => {
  const sandbox = await makeSandbox(t)
  const modules = path.join(root, 'node_modules')
  const consumer = await makePackedConsumer(sandbox, {
    '@types/node': path.join(modules, '@types/node'),
    'undici-types': path.join(modules, 'undici-types'),
  })
  t.false((await lstat(path.join(consumer, 'node_modules/git-teleport'))).isSymbolicLink())
  const strict = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noPropertyAccessFromIndexSignature: true,
    isolatedModules: true,
    skipLibCheck: false,
    noEmit: true,
    module: 'nodenext',
    target: 'es2022',
    types: ['node'],
  }
  await writeFile(path.join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions: strict }))
  await writeFile(path.join(consumer, 'program.ts'), typedProgram)
  const tsc = [path.join(modules, 'typescript/bin/tsc'), '--project', consumer]
  const environment = { cwd: consumer, env: { PATH: process.env['PATH'] ?? '' } }
  const compiled = await run(process.execPath, tsc, environment)
  t.is(compiled.stdout, '')
  t.is(compiled.exitCode, 0)
  await writeFile(path.join(consumer, 'program.ts'), typedProgram.replace("'pushed'", "'no such state'"))
  t.regex((await run(process.execPath, tsc, environment)).stdout, /error TS2367/)
})

const typedProgram = `
import { createWorld, hasCode, pushSession, TeleportError, type PushResult, type World } from 'git-teleport'
import { openAgentStore, type AgentStore } from 'git-teleport/agent-sdk'

const world: World = createWorld({ cwd: '/', env: process.env, platform: process.platform, signal: AbortSignal.timeout(1) })
const result: PushResult = await pushSession(world, { to: ['team'] }).catch((error: unknown) => {
  if (hasCode(error, 'diverged')) throw new TeleportError('failed', error.hint ?? 'no hint')
  throw error
})
export const sent: boolean = result.state === 'pushed'

interface Entry { type: string; uuid?: string; timestamp?: string; [k: string]: unknown }
interface Key { projectKey: string; sessionId: string; subpath?: string }
interface Documented {
  append(key: Key, entries: Entry[]): Promise<void>
  load(key: Key): Promise<Entry[] | null>
  listSessions?(projectKey: string): Promise<Array<{ sessionId: string; mtime: number }>>
  listSessionSummaries?(projectKey: string): Promise<Array<{ sessionId: string; mtime: number; data: Record<string, unknown> }>>
  delete?(key: Key): Promise<void>
  listSubkeys?(key: { projectKey: string; sessionId: string }): Promise<string[]>
}
const store: AgentStore = await openAgentStore(world)
export const documented: Documented = store
`

for (const entry of ['index', 'agent-sdk']) {
  test(`what the package promises has not changed by accident: ${entry}`, async (t) => {
    const types = await readFile(path.join(root, `dist/${entry}.d.ts`), 'utf8')
    t.notRegex(types, /\bimport\b.*\bfrom\b(?! '\.\/index\.js')|\bimport\(/)
    t.snapshot(types)
  })
}

test('a program sees progress and notes, and without answers nothing is asked', async (t) => {
  const { sandbox, machine, top } = await machineWithSession(t)
  const events: ProgressEvent[] = []
  const notes: string[] = []
  const world = createWorld({
    ...options(machine, top),
    onProgress: (event) => events.push(event),
    onNote: (note) => notes.push(note),
    now: () => new Date('2026-11-20T12:00:00Z'),
  })
  const pushed = await pushSession(world, {})
  t.is(pushed.expires, '2026-12-20T12:00:00Z')
  t.true(events.some((event) => event.kind === 'step' && event.doing === 'sending'))
  t.deepEqual(notes, [])

  const other = await sandbox.machine('desktop')
  const elsewhere = await checkout(other, path.join(sandbox.folder, 'remote.git'), 'project')
  const error = await t.throwsAsync(pullSession(createWorld(options(other, elsewhere)), { session }))
  t.true(hasCode(error, 'no-key'), String(error))

  const asked = await t.throwsAsync(createWorld(options(machine, top)).confirm('Really?'))
  t.true(hasCode(asked, 'needs-confirmation'))
  const locked = await t.throwsAsync(createWorld(options(machine, top)).askPassphrase('the key'))
  t.true(hasCode(locked, 'passphrase-needed'))
})

test('an aborted signal stops a push between two steps, and nothing has been sent', async (t) => {
  const { machine, top } = await machineWithSession(t)
  const stopping = new AbortController()
  const world = createWorld({
    ...options(machine, top),
    signal: stopping.signal,
    onProgress: (event) => {
      if (event.kind === 'step' && event.doing === 'sending') stopping.abort()
    },
  })
  const error = await t.throwsAsync(pushSession(world, {}))
  t.true(hasCode(error, 'interrupted'), String(error))
  t.is(await machine.git(top, 'ls-remote', 'origin', 'refs/teleport/*'), '')
  t.is((await pushSession(createWorld(options(machine, top)), {})).state, 'pushed')
})

test('a folder that is no repository is refused by its code, in a linked folder too', async (t) => {
  const { sandbox, machine } = await machineWithSession(t)
  const link = path.join(sandbox.folder, 'link')
  await symlink(machine.home, link)
  const error = await t.throwsAsync(pushSession(createWorld(options(machine, link)), {}))
  t.true(hasCode(error, 'no-repository'), String(error))
})
