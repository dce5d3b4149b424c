/** Programs and people go on with each other's sessions, and conflicts are told as they are everywhere. */

import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { hasCode, type TeleportError } from '../../src/agent-sdk.ts'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { teleport, teleported } from '../support/in-process.ts'
import { dig, parseRows, recordsIn } from '../support/json.ts'
import { openStore, twoSeats } from './agent-bench.ts'
import { message, newKey, textsOf } from './conformance.ts'

const words = (text: string, cwd: string) => ({ ...message(text), cwd, sessionId: 'x' })

test('what a program wrote is listed, shown, pulled and gone on with on the command line', async (t) => {
  const { first, second } = await twoSeats(t)
  const store = await openStore(first)
  const key = newKey(store.projectKey)
  await store.append(key, [
    words('make the gate green', first.top),
    { type: 'custom-title', customTitle: 'The gate' },
  ])
  const agent = [{ type: 'agent_metadata', agentType: 'helper' }, words('look it up', first.top)]
  await store.append({ ...key, subpath: 'subagents/agent-a1' }, agent)
  await store.flush()

  const here = { cwd: second.top }
  const listed = recordsIn(
    dig((await teleported(second.machine, ['list', '--json'], here)).json(), 'sessions'),
  )
  t.like(listed[0], { session: key.sessionId, title: 'The gate', state: 'new' })
  t.regex((await teleported(second.machine, ['show', key.sessionId], here)).stdout, /> make the gate green/)
  const pulled = (await teleported(second.machine, ['pull', key.sessionId, '--json'], here)).json()
  const transcript = String(dig(pulled, 'transcript'))
  const rows = parseRows(await readFile(transcript, 'utf8'))
  t.deepEqual(textsOf(rows as never), ['make the gate green'])
  t.is(rows[0]?.['cwd'], second.top)
  const beside = path.join(transcript.replace(/\.jsonl$/, ''), 'subagents')
  t.regex(await readFile(path.join(beside, 'agent-a1.meta.json'), 'utf8'), /"agentType":"helper"/)
})

test('what a person began is loaded by a program, with everything that hangs on it', async (t) => {
  const { first, second } = await twoSeats(t)
  const { home, config } = first.machine
  const session = parseSessionId('5d0c5b1e-4d6f-4a37-9a37-c0ffee5e5510')
  const startTime = Date.UTC(2026, 10, 20)
  const told = { session, seed: 'agent', bytes: 60_000, startTime, home, config, root: first.top }
  const { transcript } = await writeSession(told)
  await teleported(first.machine, ['push', session], { cwd: first.top })

  const store = await openStore(second)
  const key = { projectKey: store.projectKey, sessionId: session }
  const rows = (await store.load(key)) ?? []
  const written = parseRows(await readFile(transcript, 'utf8'))
  t.deepEqual(
    rows.map(({ uuid }) => uuid ?? null),
    written.map(({ uuid }) => uuid ?? null),
  )
  const agents = await store.listSubkeys(key)
  t.true(agents.length > 0)
  const [agent = ''] = agents
  t.true(
    (await store.load({ ...key, subpath: agent }))?.some(({ type }) => type === 'agent_metadata') ?? false,
  )

  await store.append(key, [words('said by a program', second.top)])
  await store.close()
  await teleported(first.machine, ['pull', session], { cwd: first.top })
  const now = parseRows(await readFile(transcript, 'utf8'))
  t.is(now.length, written.length + 1)
  t.like(now.at(-1), { message: { content: 'said by a program' }, cwd: first.top })
})

test('two machines write to one session: the second is told, and decides', async (t) => {
  const { first, second } = await twoSeats(t)
  const problems: TeleportError[] = []
  const one = await openStore(first)
  const other = await openStore(second, { onProblem: (error) => problems.push(error) })
  const key = newKey(one.projectKey)
  await one.append(key, [message('the beginning')])
  await one.flush()
  t.deepEqual(textsOf(await other.load(key)), ['the beginning'])

  await one.append(key, [message('by the first')])
  await other.append(key, [message('by the second')])
  await one.flush(key.sessionId)
  const refused = await t.throwsAsync(other.flush(key.sessionId))
  t.true(hasCode(refused, 'diverged'), String(refused))
  t.true(hasCode(await t.throwsAsync(other.load(key)), 'diverged'))

  const forked = await other.settle(key.sessionId, 'both')
  t.not(forked, key.sessionId)
  t.deepEqual(textsOf(await one.load({ ...key, sessionId: forked })), ['the beginning', 'by the second'])

  await one.append(key, [message('more by the first')])
  await one.flush()
  await other.settle(key.sessionId, 'theirs')
  const agreed = ['the beginning', 'by the first', 'more by the first']
  t.deepEqual(textsOf(await other.load(key)), agreed)
  await other.append(key, [message('and on')])
  await other.close()
  t.deepEqual(textsOf(await one.load(key)), [...agreed, 'and on'])
  t.deepEqual(problems, [])
})

test('rows are sent by themselves: at the end of a turn, when they are many, and after a while', async (t) => {
  const { first } = await twoSeats(t)
  const planned: { readonly ms: number; readonly work: () => void }[] = []
  const sent: number[] = []
  let arrived = () => {}
  const store = await openStore(first, {
    sendAfterMs: 20_000,
    sendBytes: 5000,
    later: (ms, work) => {
      planned.push({ ms, work })
      return () => {}
    },
    onSent: ({ seq }) => {
      sent.push(seq)
      arrived()
    },
  })
  const key = newKey(store.projectKey)
  const runLast = async () => {
    const done = new Promise<void>((resolve) => {
      arrived = resolve
    })
    planned.at(-1)?.work()
    await done
  }
  await store.append(key, [message('a prompt')])
  t.is(planned.at(-1)?.ms, 20_000)
  const answer = { type: 'assistant', message: { role: 'assistant', content: [], stop_reason: 'end_turn' } }
  await store.append(key, [{ ...answer, message: { ...answer.message, stop_reason: 'tool_use' } }])
  t.is(planned.length, 1)
  await store.append(key, [answer])
  t.true((planned.at(-1)?.ms ?? 0) < 1000)
  await runLast()
  await store.append(key, [message('x'.repeat(6000))])
  t.is(planned.at(-1)?.ms, 0)
  await runLast()
  t.deepEqual(sent, [1, 2])
  await store.close()
  t.deepEqual(sent, [1, 2])
})

test('a remote that is away loses nothing: the program is told, and the next one sends it', async (t) => {
  const { first, second, remote } = await twoSeats(t)
  const problems: string[] = []
  const works: (() => void)[] = []
  let told = () => {}
  const happened = new Promise<void>((resolve) => {
    told = resolve
  })
  const store = await openStore(first, {
    later: (_ms, work) => {
      works.push(work)
      return () => {}
    },
    onProblem: ({ code }) => {
      problems.push(code)
      told()
    },
  })
  const key = newKey(store.projectKey)
  await first.machine.run('mv', [remote, `${remote}.away`])
  await store.append(key, [message('written while nothing answers')])
  works.at(-1)?.()
  await happened
  t.deepEqual(problems, ['remote-access'])
  await first.machine.run('mv', [`${remote}.away`, remote])

  await (await openStore(first)).close()
  const there = await openStore(second)
  t.deepEqual(textsOf(await there.load(key)), ['written while nothing answers'])
})

test('a session that was deleted is gone for everybody, and its id begins anew', async (t) => {
  const { first, second } = await twoSeats(t)
  const store = await openStore(first)
  const key = newKey(store.projectKey)
  await store.append(key, [message('a secret')])
  await store.flush()
  await store.delete(key)
  t.is(await (await openStore(second)).load(key), null)
  t.is((await teleport(second.machine, ['pull', key.sessionId], { cwd: second.top })).exitCode, 3)

  await store.append(key, [message('another beginning')])
  await store.flush()
  t.deepEqual(textsOf(await (await openStore(second)).load(key)), ['another beginning'])
})

test('names that could lead out of a session are refused, and foreign projects are not written to', async (t) => {
  const { first } = await twoSeats(t)
  const store = await openStore(first, { projectKeys: ['tenant-7'] })
  const key = newKey(store.projectKey)
  for (const subpath of [
    '',
    '../x',
    'subagents/../../x',
    '/etc/x',
    'tool-results/x',
    'subagents/a\\b',
    'subagents/con',
  ]) {
    const error = await t.throwsAsync(store.append({ ...key, subpath }, [message('x')]), undefined, subpath)
    t.true(hasCode(error, 'usage'), subpath)
  }
  t.true(hasCode(await t.throwsAsync(store.append({ ...key, sessionId: '../x' }, [])), 'bad-session-id'))
  t.true(hasCode(await t.throwsAsync(store.append({ ...key, projectKey: 'other' }, [])), 'usage'))
  await t.notThrowsAsync(store.append({ ...key, projectKey: 'tenant-7' }, [message('x')]))
  const folder = first.top.replace(/[^A-Za-z0-9]/g, '-')
  t.deepEqual(textsOf(await store.load({ ...key, projectKey: folder })), ['x'])
  t.deepEqual(textsOf(await store.load({ ...key, projectKey: `${folder}-packages-web` })), ['x'])
})

test('uninstall takes what a program kept here along, and names it first', async (t) => {
  const { first } = await twoSeats(t)
  const store = await openStore(first)
  await store.append(newKey(store.projectKey), [message('kept here')])
  const folder = path.join(first.top, '.git/teleport-agent')
  t.true((await stat(folder)).isDirectory())
  t.is((await stat(folder)).mode & 0o077, 0)
  const here = { cwd: first.top }
  t.regex((await teleport(first.machine, ['uninstall'], here)).stderr, /teleport-agent/)
  await teleported(first.machine, ['uninstall', '--yes'], here)
  await t.throwsAsync(stat(folder), { code: 'ENOENT' })
})
