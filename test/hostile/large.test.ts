/** What is small on the remote and large on this machine, in a process of its own whose memory is looked at. */

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { constants, createBrotliCompress } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { encodePieces } from '../../src/bundle/pieces.ts'
import { asSha256, type PieceRow, parseSessionId, type SessionId } from '../../src/model.ts'
import { digest } from '../bundle/support.ts'
import { headerBlock, tarEnd, tarEntry } from '../bundle/tars.ts'
import { readTranscript } from '../journeys/seat.ts'
import { cli } from '../support/cli.ts'
import { parseRows, stringAt } from '../support/json.ts'
import { type Plan, plant, said } from './mallory.ts'
import { picture, type World, world } from './victim.ts'

const megabyte = 1024 ** 2
const session = parseSessionId('4a6f0e11-0000-4000-8000-000000000400')

/** Pulls by the built program; the peak of its memory is written down when it ends. */
async function pullMeasured(at: World, id: SessionId) {
  const { machine, top } = at.ada
  const note = path.join(machine.folder, `peak-${id}`)
  const preload = path.join(machine.folder, 'peak.cjs')
  await writeFile(
    preload,
    // Not getrusage: its peak is inherited from the process that started this one.
    `process.on('exit', () => {
      const { readFileSync, writeFileSync } = require('fs')
      const own = process.platform === 'linux' && /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
      writeFileSync(process.env.PEAK, own ? own[1] : String(process.resourceUsage().maxRSS))
    })\n`,
  )
  const env = { NODE_OPTIONS: `--require ${preload}`, PEAK: note }
  const ran = await cli(machine, ['pull', id, '--json'], { cwd: top, env, timeoutMs: 60_000 })
  return { ...ran, peakMegabytes: Number(await readFile(note, 'utf8')) / 1024 }
}

/** The team is known here from then on, without anybody being asked. */
async function acquainted(): Promise<World> {
  const at = await world()
  await at.ada.run(['pull', (await plant(at)).session, '--dry-run'])
  return at
}

async function* megabytes(count: number, byte: string): AsyncGenerator<Buffer> {
  const block = Buffer.alloc(megabyte, byte)
  for (let at = 0; at < count; at += 1) yield block
}

/** A tar stream that is compressed while it is made, with what the manifest has to say of it. */
async function packed(chunks: () => AsyncIterable<Buffer>): Promise<NonNullable<Plan['packed']>> {
  const hash = createHash('sha256')
  const brotli = createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
  const out: Buffer[] = []
  brotli.on('data', (chunk: Buffer) => out.push(chunk))
  const ended = new Promise((resolve, reject) => brotli.on('end', resolve).on('error', reject))
  let size = 0
  for await (const chunk of chunks()) {
    hash.update(chunk)
    size += chunk.length
    if (!brotli.write(chunk)) await new Promise((resolve) => brotli.once('drain', resolve))
  }
  brotli.end()
  await ended
  return { bytes: Buffer.concat(out), size, sha256: asSha256(hash.digest('hex')) }
}

test.serial(
  'neutralises a line of 400 MB: it goes, its neighbours stay, and the memory with them',
  async (t) => {
    t.timeout(120_000)
    const at = await acquainted()
    const [start, end] = [Buffer.from('{"type":"user","x":"'), Buffer.from('"}\n')]
    const rest = Buffer.from(`${JSON.stringify(said(session, 'and on'))}\n`)
    const content = async function* () {
      yield start
      yield* megabytes(400, 'a')
      yield end
      yield rest
    }
    const size = start.length + 400 * megabyte + end.length + rest.length
    const hash = createHash('sha256')
    for await (const chunk of content()) hash.update(chunk)
    const row: Partial<PieceRow> = { size, sha256: asSha256(hash.digest('hex')) }
    const file = { name: 'session.jsonl', content: '', row }
    const whole: PieceRow = { name: file.name, gen: 1, op: 'whole', at: 0, size, sha256: digest(''), ...row }
    const bundle = await packed(async function* () {
      yield tarEntry('pieces.json', encodePieces([whole]))
      yield headerBlock({ path: file.name, size })
      yield* content()
      yield Buffer.alloc((512 - (size % 512)) % 512)
      yield tarEnd
    })
    t.true(bundle.bytes.length < megabyte)
    await plant(at, { session, files: [file], packed: bundle })
    const { exitCode, stdout, stderr, peakMegabytes } = await pullMeasured(at, session)
    t.is(exitCode, 0, stderr)
    t.like(JSON.parse(stdout), { tier: 'sanitised', dropped: { overlong: 1 } })
    t.is(parseRows((await readTranscript(at.ada, session)).toString()).length, 1)
    t.true(peakMegabytes < 300, `${peakMegabytes} MB`)
  },
)

const refusedSmall = async (t: ExecutionContext, plan: Plan, code: RegExp) => {
  t.timeout(120_000)
  const at = await acquainted()
  const { session: id } = await plant(at, plan)
  const before = await picture(at)
  const ran = await pullMeasured(at, id)
  t.is(ran.exitCode, 6, ran.stderr)
  t.regex(stringAt(ran.json(), 'error', 'code') ?? '', code)
  t.true(ran.peakMegabytes < 300, `${ran.peakMegabytes} MB`)
  t.deepEqual(await picture(at), before)
}

test.serial('refuses a bomb of a gigabyte behind a small declared size, in little memory', async (t) => {
  const bomb = await packed(() => megabytes(1024, '\0'))
  await refusedSmall(t, { packed: { ...bomb, size: 8192 } }, /^(?:damaged|unsafe)-bundle$/)
})

test.serial('refuses a hundred thousand entries, in little memory', async (t) => {
  const names = Array.from({ length: 99_999 }, (_, index) => `uploads/f${index}`)
  await refusedSmall(t, { files: names.map((name) => ({ name, content: '' })) }, /^unsafe-bundle$/)
})
