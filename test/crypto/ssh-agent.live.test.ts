/** A real ssh-agent signs with the device key; and what a false one says is not believed. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { loadDeviceKey } from '../../src/crypto/device-key.ts'
import { wireString, wireU32 } from '../../src/crypto/ssh-wire.ts'
import { verifySshSignature } from '../../src/crypto/sshsig.ts'
import { needs } from './needs.ts'
import { codeOf, keyText, nobody, type Workbench, workbench } from './workbench.ts'

const payload = Buffer.from('tree\n')

/** Path of the socket of an agent that lives as long as the test. */
async function startAgent(t: ExecutionContext, bench: Workbench): Promise<string> {
  const socket = bench.path('agent')
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: ['ignore', 'pipe', 'ignore'] })
  t.teardown(() => void agent.kill())
  await once(agent.stdout, 'data')
  return socket
}

function add(bench: Workbench, socket: string, key: string): void {
  bench.run('env', [`SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', bench.path(key)])
}

for (const name of ['id_ed25519', 'id_rsa'] as const) {
  test(`an agent signs with ${name} where only its public half is here, and cannot open anything`, async (t) => {
    if (!needs(t, 'ssh-agent') || !needs(t, 'ssh-add')) return
    const bench = workbench(t)
    bench.write(name, keyText(name))
    bench.write(`${name}.pub`, keyText(`${name}.pub`))
    const socket = await startAgent(t, bench)
    add(bench, socket, name)
    const local = await (await loadDeviceKey({ path: bench.path(name) }, nobody)).sign(payload)
    rmSync(bench.path(name))
    for (const path of [bench.path(name), bench.path(`${name}.pub`)]) {
      const key = await loadDeviceKey({ path }, nobody, socket)
      const signature = await key.sign(payload)
      t.is(signature, local)
      t.is(verifySshSignature(signature, payload).recipient, key.publicKey.recipient)
      t.false(key.isUnlocked())
      const error = await t.throwsAsync(key.unlock(), { code: 'no-key', message: /does not decrypt$/ })
      t.truthy(error)
    }
    t.is(await codeOf(() => loadDeviceKey({ path: bench.path(name) }, nobody)), 'no-key')
  })
}

test('an agent spares the passphrase of an encrypted key when signing; without it the passphrase is asked for', async (t) => {
  if (!needs(t, 'ssh-agent') || !needs(t, 'ssh-add')) return
  const bench = workbench(t)
  const file = bench.write('id', keyText('id_ed25519'))
  const socket = await startAgent(t, bench)
  const empty = await loadDeviceKey({ path: file }, nobody, socket)
  t.true(empty.isUnlocked())
  add(bench, socket, 'id')
  bench.run('ssh-keygen', ['-q', '-p', '-a', '2', '-P', '', '-N', 'pass word', '-f', 'id'])
  const key = await loadDeviceKey({ path: file }, nobody, socket)
  t.is(await key.sign(payload), await empty.sign(payload))
  t.false(key.isUnlocked())
  t.is(await codeOf(() => key.unlock()), 'passphrase-needed')
  bench.run('env', [`SSH_AUTH_SOCK=${socket}`, 'ssh-add', '-q', '-D'])
  t.is(await codeOf(() => key.sign(payload)), 'passphrase-needed')
  const nowhere = await loadDeviceKey({ path: file }, nobody, bench.path('no such socket'))
  t.is(await codeOf(() => nowhere.sign(payload)), 'passphrase-needed')
})

/** An agent that answers each message with the next of `answers`. */
async function falseAgent(
  t: ExecutionContext,
  bench: Workbench,
  answers: readonly Uint8Array[],
): Promise<string> {
  const server = createServer((socket) => {
    let at = 0
    socket.on('data', () => {
      const answer = answers[at++]
      if (answer) socket.write(answer)
      else socket.end()
    })
    socket.on('error', () => {})
  })
  t.teardown(() => new Promise<void>((done) => void server.close(() => done())))
  server.listen(bench.path('agent'))
  await once(server, 'listening')
  return bench.path('agent')
}

test('what a false agent answers is never taken for a signature', async (t) => {
  const blob = Buffer.from(keyText('id_ed25519.pub').split(' ')[1] ?? '', 'base64')
  const framed = (...parts: readonly Uint8Array[]) => wireString(Buffer.concat(parts))
  const listed = framed(Uint8Array.of(12), wireU32(1), wireString(blob), wireString('comment'))
  const inner = Buffer.concat([wireString('ssh-ed25519'), wireString(Buffer.alloc(64))])
  const cases: readonly (readonly [string, readonly Uint8Array[], string])[] = [
    ['hangs up', [], 'no-key'],
    ['holds nothing', [framed(Uint8Array.of(12), wireU32(0))], 'no-key'],
    ['fails to list', [framed(Uint8Array.of(5))], 'no-key'],
    ['sends a huge frame', [wireU32(0xffffffff)], 'no-key'],
    ['lists four billion keys', [framed(Uint8Array.of(12), wireU32(0xffffffff))], 'failed'],
    ['ends within a list', [framed(Uint8Array.of(12), wireU32(2), wireString(blob))], 'failed'],
    ['refuses to sign', [listed, framed(Uint8Array.of(5))], 'failed'],
    ['hangs up instead of signing', [listed], 'failed'],
    ['signs wrongly', [listed, framed(Uint8Array.of(14), wireString(inner))], 'bad-signature'],
    ['adds to its signature', [listed, framed(Uint8Array.of(14), wireString(inner), inner)], 'failed'],
  ]
  for (const [what, answers, code] of cases) {
    const bench = workbench(t)
    bench.write('id.pub', keyText('id_ed25519.pub'))
    const socket = await falseAgent(t, bench, answers)
    const key = await loadDeviceKey({ path: bench.path('id') }, nobody, socket)
    t.is(await codeOf(() => key.sign(payload)), code, what)
  }
})
