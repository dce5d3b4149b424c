/** The real SDK and the real client: the suite holds for the SDK's own store, and a session goes round between programs and people. */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test, { type ExecutionContext } from 'ava'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { example, makeConsumer, makePackedConsumer, root, runModule } from '../library/consumer.ts'
import { installAgentSdk } from '../support/agent-sdk.ts'
import { type ApiStandIn, startApiStandIn } from '../support/api-stand-in.ts'
import { clientEnvironment, installClient, prepareClientHome } from '../support/claude-client.ts'
import { cliDone } from '../support/cli.ts'
import { dig, parseJson, parseRows, stringAt } from '../support/json.ts'
import { run } from '../support/run.ts'
import { makeSandbox, must } from '../support/sandbox.ts'
import { skip } from '../support/tools.ts'
import { introduce, openStore, type Seat, takeSeat } from './agent-bench.ts'
import { conforms, message, newKey } from './conformance.ts'
import type { SessionStore, Summary } from './session-store.ts'

/** What is used of the package here; its own types are checked in a project of their own below. */
interface Sdk {
  readonly InMemorySessionStore: new () => SessionStore
  foldSessionSummary(
    previous: Summary | undefined,
    key: { projectKey: string; sessionId: string },
    entries: unknown[],
    options?: { mtime?: number },
  ): Summary
  listSessions(options: { dir: string; sessionStore: unknown }): Promise<readonly unknown[]>
}

const installed = await installAgentSdk().catch((error: unknown) => String(error).slice(0, 300))
const isInstalled = !installed.includes('\n') && path.isAbsolute(installed)
const sdk: Sdk | undefined = isInstalled
  ? await import(pathToFileURL(path.join(installed, 'sdk.mjs')).href)
  : undefined

if (sdk) {
  conforms(
    test,
    'the SDK’s store in memory',
    async () => {
      const store = new sdk.InMemorySessionStore()
      return { store, second: store, projectKey: 'one-project', otherProject: 'another-project' }
    },
    // It keeps what comes twice twice: the documentation says "should".
    { idempotent: false },
  )
}

test('the store is what the SDK’s own types ask for', async (t) => {
  if (!sdk) return skip(t, `the SDK cannot be had: ${installed}`)
  const sandbox = await makeSandbox(t)
  const modules = path.join(root, 'node_modules')
  const consumer = await makePackedConsumer(sandbox, {
    '@anthropic-ai/claude-agent-sdk': installed,
    '@types/node': path.join(modules, '@types/node'),
    'undici-types': path.join(modules, 'undici-types'),
  })
  // Its declarations name packages that are not installed here; ours are checked without this elsewhere.
  const compilerOptions = { strict: true, exactOptionalPropertyTypes: true, skipLibCheck: true, noEmit: true }
  const modern = {
    module: 'nodenext',
    target: 'es2023',
    lib: ['es2023', 'esnext.disposable'],
    types: ['node'],
  }
  await writeFile(
    path.join(consumer, 'tsconfig.json'),
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...modern } }),
  )
  await writeFile(
    path.join(consumer, 'program.ts'),
    `import { foldSessionSummary, type SessionStore } from '@anthropic-ai/claude-agent-sdk'
     import { createWorld, openAgentStore } from 'git-teleport/agent-sdk'
     const world = createWorld({ cwd: process.cwd(), env: process.env, platform: process.platform })
     export const store: SessionStore = await openAgentStore(world, { foldSessionSummary })`,
  )
  const tsc = [path.join(modules, 'typescript/bin/tsc'), '--project', consumer]
  const { stdout } = await run(process.execPath, tsc, {
    cwd: consumer,
    env: { PATH: process.env['PATH'] ?? '' },
  })
  t.is(stdout, '')
})

test('the SDK lists by our summaries, and what it imports twice is there once', async (t) => {
  if (!sdk) return skip(t, `the SDK cannot be had: ${installed}`)
  const sandbox = await makeSandbox(t)
  const seat = await takeSeat(sandbox, await sandbox.bareRemote(), 'laptop')
  const consumer = await makeConsumer(sandbox, { '@anthropic-ai/claude-agent-sdk': installed })
  const store = await openStore(seat, { foldSessionSummary: sdk.foldSessionSummary })
  const key = newKey(store.projectKey)
  const prompt = { ...message('fix the gate'), cwd: seat.top, sessionId: key.sessionId }
  await store.append(key, [
    prompt,
    { type: 'custom-title', customTitle: 'The gate', sessionId: key.sessionId },
  ])
  await store.flush()
  const listed = await sdk.listSessions({ dir: seat.top, sessionStore: store })
  t.like(listed, [{ sessionId: key.sessionId, customTitle: 'The gate', firstPrompt: 'fix the gate' }])
  t.is((await store.listSessionSummaries?.(store.projectKey))?.length, 1)

  const session = parseSessionId('5d0c5b1e-4d6f-4a37-9a37-c0ffee5e5511')
  const { home, config } = seat.machine
  const startTime = Date.UTC(2026, 10, 20)
  await writeSession({ session, seed: 'import', bytes: 40_000, startTime, home, config, root: seat.top })
  const imported = async () => {
    must(
      await runModule(consumer, seat.machine, seat.top, importer, { SESSION: session }),
      'importSessionToStore',
    )
    const rows = await (await openStore(seat)).load({ projectKey: store.projectKey, sessionId: session })
    return (rows ?? []).filter(({ uuid }) => uuid !== undefined).length
  }
  const once = await imported()
  t.true(once > 10)
  t.is(await imported(), once)
})

const importer = `
import { importSessionToStore } from '@anthropic-ai/claude-agent-sdk'
import { createWorld, openAgentStore } from 'git-teleport/agent-sdk'
const world = createWorld({ cwd: process.cwd(), env: process.env, platform: process.platform })
const store = await openAgentStore(world)
await importSessionToStore(process.env.SESSION, store, { dir: process.cwd(), batchSize: 7 })
await store.close()
`

test('a program begins a session, a person goes on with it, another program does, and the first again', async (t) => {
  if (!sdk) return skip(t, `the SDK cannot be had: ${installed}`)
  const client = await installClient().catch((error: unknown) => {
    skip(t, `the real client cannot be had: ${String(error).slice(0, 300)}`)
    return undefined
  })
  if (client === undefined) return
  const api = await startApiStandIn()
  t.teardown(api.close)
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const first = await takeSeat(sandbox, remote, 'ci', 'build/project')
  const person = await takeSeat(sandbox, remote, 'laptop', 'code/project')
  const third = await takeSeat(sandbox, remote, 'server', 'srv/the project')
  await introduce(first, person, third)
  for (const seat of [first, person, third]) await prepareClientHome(seat.machine, [seat.top])
  const consumer = await makeConsumer(sandbox, { '@anthropic-ai/claude-agent-sdk': installed })
  const program = { client, api, consumer }

  const id = await runAgent(program, first, 'begun by a program')
  await cliDone(person.machine, ['pull', id], { cwd: person.top })
  await resumeByHand(program, person, id, 'gone on with by a person')
  await cliDone(person.machine, ['push', id], { cwd: person.top })
  t.is(await runAgent(program, third, 'and by another program', id), id)
  t.is(await runAgent(program, first, 'and by the first again', id), id)

  const said = [
    'begun by a program',
    'gone on with by a person',
    'and by another program',
    'and by the first again',
  ]
  const asked = JSON.stringify(dig(api.requests.at(-1)?.body, 'messages'))
  for (const words of said) t.true(asked.includes(words), `the model is told: ${words}`)
  for (const seat of [first, third]) {
    const store = await openStore(seat)
    onceEach(t, (await store.load({ projectKey: store.projectKey, sessionId: id })) ?? [], said)
  }
  const pulled = await cliDone(person.machine, ['pull', id, '--json'], { cwd: person.top })
  const transcript = String(dig(pulled.json(), 'transcript'))
  const rows = parseRows(await readFile(transcript, 'utf8'))
  onceEach(t, rows, said)
  const ids = rows.flatMap((row) => stringAt(row, 'uuid') ?? [])
  t.is(new Set(ids).size, ids.length, 'no row is there twice')
  t.regex((await cliDone(person.machine, ['list'], { cwd: person.top })).stdout, new RegExp(id.slice(0, 8)))
})

interface Program {
  readonly client: string
  readonly api: ApiStandIn
  readonly consumer: string
}

/** Runs the example of docs/library.md with one prompt, and returns the session's id. */
async function runAgent(
  { client, api, consumer }: Program,
  seat: Seat,
  prompt: string,
  id?: string,
): Promise<string> {
  const given = `const prompt = ${JSON.stringify(prompt)}\nconst id = ${JSON.stringify(id)}\n`
  const options = `sessionStore, pathToClaudeCodeExecutable: ${JSON.stringify(client)} }`
  const source = (await example('agent'))
    .replace('sessionStore }', options)
    .replace('// …', "if (message.type === 'result') console.log(JSON.stringify(message))")
  const env = clientEnvironment(api.url)
  const ran = must(await runModule(consumer, seat.machine, seat.top, given + source, env), prompt)
  const result = parseJson(ran.stdout.trim().split('\n').at(-1) ?? '')
  if (dig(result, 'is_error') !== false) throw new Error(`${prompt}: ${ran.stdout}${ran.stderr}`)
  return stringAt(result, 'session_id') ?? ''
}

async function resumeByHand({ client, api }: Program, seat: Seat, id: string, words: string): Promise<void> {
  const env = clientEnvironment(api.url)
  must(
    await seat.machine.run(client, ['-p', '--resume', id, words], { cwd: seat.top, env }),
    'claude --resume',
  )
}

/** A prompt is a text, or blocks of which one is. */
function onceEach(t: ExecutionContext, rows: readonly unknown[], said: readonly string[]): void {
  const prompts = rows
    .filter((row) => dig(row, 'type') === 'user')
    .map((row) => dig(row, 'message', 'content'))
  for (const words of said) {
    const found = prompts.filter((content) => JSON.stringify(content)?.includes(JSON.stringify(words)))
    t.is(found.length, 1, words)
  }
}
