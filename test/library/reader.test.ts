/** The reading half in a browser's bundle: built for one, and run where nothing of Node is left. */

import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { generateIdentity, identityToRecipient } from 'age-encryption'
import test from 'ava'
import { build } from 'esbuild'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { teleported } from '../support/in-process.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { root } from './consumer.ts'

const session = parseSessionId('3f2a91c4-5b1e-4d6f-9a37-c0ffee5e5510')
const run = promisify(execFile)

test('a browser’s bundle of the reading half opens what was pushed, and shows what `show` shows', async (t) => {
  const sandbox = await makeSandbox(t)
  const machine = await sandbox.machine('laptop')
  const remote = await sandbox.bareRemote()
  const top = await checkout(machine, remote, 'project')
  const { home, config } = machine
  const startTime = Date.UTC(2026, 10, 20)
  await writeSession({ session, seed: 'reader', bytes: 120_000, startTime, home, config, root: top })
  await teleported(machine, ['init'], { cwd: top })
  const identity = await generateIdentity()
  const reader = await identityToRecipient(identity)
  await teleported(machine, ['push', session, '--to', `me,${reader}`], { cwd: top })

  const file = path.join(sandbox.folder, 'reader.js')
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/reader.ts'],
    outfile: file,
    bundle: true,
    format: 'iife',
    globalName: 'reader',
    platform: 'browser',
    target: 'es2022',
    // Named so that unused files that want them are found; of what is left nothing may.
    external: ['node:*'],
    minify: true,
    metafile: true,
    logLevel: 'silent',
  })
  const [output] = Object.values(metafile.outputs)
  t.deepEqual(output?.imports, [])
  t.true((output?.bytes ?? 0) < 200_000, `${output?.bytes} bytes`)
  t.log(`${output?.bytes} bytes, minified`)

  const ref = `refs/teleport/sessions/${session}`
  const names = (await machine.git(remote, 'ls-tree', '-r', '--name-only', ref)).split('\n')
  for (const name of names) {
    const { stdout } = await run('git', ['-C', remote, 'cat-file', 'blob', `${ref}:${name}`], {
      encoding: 'buffer',
    })
    await writeFile(path.join(sandbox.folder, name.replaceAll('/', '-')), stdout)
  }
  const page = path.join(sandbox.folder, 'page.mjs')
  await writeFile(page, pageSource)
  const { stdout } = await run(process.execPath, [page, file, sandbox.folder, identity])
  const shown = await teleported(machine, ['show', session], { cwd: top })
  const conversation = stdout.trim().split('\n')
  t.true(conversation.length > 30)
  t.deepEqual(shown.stdout.trim().split('\n').slice(-conversation.length), conversation)
})

/** What a page would do: a world that has what the web has and nothing of Node's; the server and brotli are outside. */
const pageSource = `
import { readFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import vm from 'node:vm'
import { brotliDecompressSync } from 'node:zlib'
const [, , bundle, folder, identity] = process.argv
const web = { crypto, TextEncoder, TextDecoder, ReadableStream, TransformStream, Response, CryptoKey, DOMException }
const arrays = { ArrayBuffer, DataView, Uint8Array, Uint16Array, Uint32Array, BigUint64Array }
const get = (name) => new Uint8Array(readFileSync(path.join(folder, name)))
const sealed = {
  keyAge: get('key.age'),
  manifestAge: get('manifest.age'),
  segment: async (row) => get('segments-' + row.name),
}
const decompress = async (bytes, most) => new Uint8Array(brotliDecompressSync(bytes, { maxOutputLength: most }))
const given = { sealed, tools: { identity, decompress }, write: (text) => writeSync(1, text) }
const page = vm.createContext({ ...web, ...arrays, given })
vm.runInContext(readFileSync(bundle, 'utf8'), page)
await vm.runInContext(\`(async () => {
  if (typeof Buffer !== 'undefined' || typeof process !== 'undefined') throw new Error('this is no browser')
  const opened = await reader.openSession(given.sealed, given.tools)
  const options = { color: false, columns: 80, full: false, thinking: false, numbers: true }
  for await (const text of reader.renderSession(opened, options)) given.write(text)
})()\`, page)
`
