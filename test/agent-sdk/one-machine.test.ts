/** What a program's store shares with the command line beside it: the remote, the key, the team that was accepted. */

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { type AgentStore, hasCode } from '../../src/agent-sdk.ts'
import { teleported } from '../support/in-process.ts'
import { dig, recordsIn } from '../support/json.ts'
import { openStore, type Seat, twoSeats } from './agent-bench.ts'
import { message, newKey, textsOf } from './conformance.ts'

test('batches that nobody waits for are kept in the order in which they were given', async (t) => {
  const { first } = await twoSeats(t)
  const store = await openStore(first)
  const key = newKey(store.projectKey)
  const texts = Array.from({ length: 40 }, (_, at) => `batch ${at}`)
  await Promise.all(texts.map((text) => store.append(key, [message(text)])))
  t.deepEqual(textsOf(await store.load(key)), texts)
})

test('after a conflict a program may keep its own: the other one is told, and nothing is lost on its machine', async (t) => {
  const { first, second } = await twoSeats(t)
  const one = await openStore(first)
  const other = await openStore(second)
  const key = newKey(one.projectKey)
  await one.append(key, [message('the beginning')])
  await one.flush()
  await other.load(key)
  await one.append(key, [message('by the first')])
  await one.flush()
  await other.append(key, [message('by the second')])
  t.true(hasCode(await t.throwsAsync(other.flush()), 'diverged'))

  t.is(await other.settle(key.sessionId, 'mine'), key.sessionId)
  const mine = ['the beginning', 'by the second']
  t.deepEqual(textsOf(await other.load(key)), mine)
  await other.append(key, [message('and on')])
  await other.close()
  // The first had sent everything, so that the other's word is only newer for it.
  const seen = await one.load(key).then(textsOf, (error: unknown) => error)
  t.deepEqual(seen, [...mine, 'and on'])
  const shown = await teleported(first.machine, ['show', key.sessionId], { cwd: first.top })
  t.notRegex(shown.stdout, /by the first/)
})

test('a new key of the device reads what its programs sent, and signs what they send next', async (t) => {
  const { first, second } = await twoSeats(t)
  const store = await openStore(first)
  const key = newKey(store.projectKey)
  await store.append(key, [message('with the old key')])
  await store.flush()
  const rotated = await teleported(first.machine, ['key', 'rotate', '--yes', '--json'], { cwd: first.top })
  t.deepEqual(dig(rotated.json(), 'otherStores'), [], 'the store beside it is of this repository')
  t.like(recordsIn(dig(rotated.json(), 'sessions')), [
    { session: key.sessionId, state: 'restarted', error: null },
  ])
  const publicKey = String(dig(rotated.json(), 'publicKey'))
  await teleported(second.machine, ['key', 'trust', '--yes', publicKey], { cwd: second.top })

  await store.append(key, [message('with the new one')])
  await store.flush()
  const both = ['with the old key', 'with the new one']
  t.deepEqual(textsOf(await (await openStore(first)).load(key)), both)
  t.deepEqual(textsOf(await (await openStore(second)).load(key)), both)
  const shown = (
    await teleported(second.machine, ['show', key.sessionId, '--json'], { cwd: second.top })
  ).json()
  t.is(dig(shown, 'signedBy', 'device'), dig(rotated.json(), 'device'))
})

test('the team that a person accepted here is accepted for programs, and from then on each goes by its own', async (t) => {
  const { first, second } = await twoSeats(t)
  const at = (seat: Seat, ...argv: string[]) => teleported(seat.machine, argv, { cwd: seat.top })
  const commitTeam = async (file: string, text: string) => {
    await mkdir(path.join(first.top, '.teleport'), { recursive: true })
    await writeFile(path.join(first.top, '.teleport', file), text)
    await first.machine.git(first.top, 'add', '.teleport')
    await first.machine.git(first.top, 'commit', '--quiet', '--message', 'a team')
    await first.machine.git(first.top, 'push', '--quiet', 'origin', 'HEAD')
    return first.machine.git(first.top, 'rev-parse', 'HEAD')
  }
  const keyOf = async (seat: Seat) =>
    String(dig((await at(seat, 'key', 'show', '--json')).json(), 'publicKey'))
  const line = async (seat: Seat) =>
    `${seat.machine.name}@example.org namespaces="git" ${(await keyOf(seat)).split(' ').slice(0, 2).join(' ')}\n`
  const commit = await commitTeam('allowed_signers', `${await line(first)}${await line(second)}`)

  const before = await openStore(second)
  const key = newKey(before.projectKey)
  await before.append(key, [message('for the team')])
  const refused = await t.throwsAsync(before.flush())
  t.true(hasCode(refused, 'policy-not-accepted'), String(refused))

  await at(second, 'policy', '--trust-policy', commit)
  const store = await openStore(second, { to: ['team'] })
  await store.flush()
  const shown = (await at(first, 'list', '--json', '--trust-policy', commit)).json()
  t.like(recordsIn(dig(shown, 'sessions'))[0], { session: key.sessionId })

  // It moves on with the default branch by itself, and what the person forgets it does not.
  await commitTeam('config', '[teleport]\n\tmaxLifetime = 7d\n')
  await store.append(key, [message('more')])
  await at(second, 'policy', '--forget', '--yes')
  await store.flush()
  t.regex(String(await t.throwsAsync(openStore(second, { expiresDays: 30 }).then(flushMore))), /maxLifetime/)

  async function flushMore(strict: AgentStore) {
    await strict.append(key, [message('for too long')])
    await strict.flush()
  }
})
