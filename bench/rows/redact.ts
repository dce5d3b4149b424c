/** Redaction: what it finds among planted secrets, what it takes for one where there is none, and how fast it reads. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { generateSession } from '../../src/demo/generate-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { createRedactor, type Redactor } from '../../src/redact/redactor.ts'
import { plantedSecrets } from '../../test/redact/support.ts'
import { median, type Row, type RowGroup } from '../row.ts'

const root = path.resolve(import.meta.dirname, '../../..')

/** Repository files without secrets, invented or real. */
const repositoryFiles = [
  'package-lock.json',
  'docs/format.md',
  'docs/threat-model.md',
  'CONTRIBUTING.md',
  'man/git-teleport.1',
]

export const redact: RowGroup = {
  name: 'redact',
  async measure({ quick, say }) {
    const redactor = await createRedactor({ knownValues: [], hmacKey: new Uint8Array(32) })
    say('finding planted secrets')
    const found = recall(redactor)
    say('reading what holds no secret')
    const session = inventedTranscript(quick ? 2_000_000 : 20_000_000)
    const { wallMs, cpuMs, findings } = await readTimes(redactor, session, quick ? 2 : 7)
    const inFiles = await falsePositives(redactor)
    return [
      found,
      noise(findings, session.length, inFiles),
      speed(session.length, median(wallMs), median(cpuMs)),
    ]
  },
}

function recall(redactor: Redactor): Row {
  const planted = plantedSecrets()
  const found = planted.filter(
    ({ text, secret }) => !redactor.redactText(text).text.includes(secret.slice(-12)),
  )
  return {
    what: 'redaction: planted secrets of 48 kinds that it takes out',
    bar: '≥ 46',
    measured: `${found.length} of ${planted.length}`,
    ok: found.length >= 46,
  }
}

function noise(
  inSession: number,
  bytes: number,
  { findings, size }: { findings: number; size: number },
): Row {
  return {
    what: 'redaction: findings where there is no secret',
    bar: '–',
    measured: `${inSession} in ${(bytes / 1e6).toFixed(1)} MB of invented transcript, ${findings} in ${(size / 1e6).toFixed(1)} MB of repository files`,
    ok: null,
  }
}

/** Held to the processor's time, which a busy machine does not falsify. */
function speed(bytes: number, wallMs: number, cpuMs: number): Row {
  const rate = (ms: number) => bytes / 1000 / ms
  return {
    what: 'redaction: reading a transcript',
    bar: '> 20 MB in a second of the processor',
    measured: `${rate(cpuMs).toFixed(0)} MB, ${rate(wallMs).toFixed(0)} MB by the clock`,
    ok: rate(cpuMs) > 20,
  }
}

function inventedTranscript(bytes: number): Buffer {
  const parts: Uint8Array[] = []
  const options = {
    session: parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab'),
    seed: 'redaction',
    bytes,
    startTime: Date.parse('2026-11-20T12:00:00Z'),
    home: '/home/ada',
    config: '/home/ada/.claude',
    root: '/home/ada/work/orchard',
  }
  for (const part of generateSession(options)) {
    if (part.path.endsWith(`${options.session}.jsonl`)) parts.push(Buffer.from(part.bytes))
  }
  return Buffer.concat(parts)
}

/** Rows that are dropped for what they are, recorded requests, are no findings. */
async function readTimes(redactor: Redactor, bytes: Buffer, rounds: number) {
  const wallMs: number[] = []
  const cpuMs: number[] = []
  let findings = 0
  for (let round = 0; round <= rounds; round++) {
    findings = 0
    const start = performance.now()
    const before = process.cpuUsage()
    await drain(redactor, 'session.jsonl', bytes, (rule) => {
      if (rule !== 'api-request') findings++
    })
    // The first round compiles.
    if (round === 0) continue
    const { user, system } = process.cpuUsage(before)
    cpuMs.push((user + system) / 1000)
    wallMs.push(performance.now() - start)
  }
  return { wallMs, cpuMs, findings }
}

async function falsePositives(redactor: Redactor) {
  let findings = 0
  let size = 0
  for (const name of repositoryFiles) {
    const bytes = await readFile(path.join(root, name))
    size += bytes.length
    await drain(redactor, 'file.txt', bytes, () => findings++)
  }
  return { findings, size }
}

async function drain(
  redactor: Redactor,
  name: string,
  bytes: Buffer,
  finding: (rule: string) => void,
): Promise<void> {
  for await (const _ of redactor.redactPiece(name, chunks(bytes), { finding }));
}

async function* chunks(bytes: Buffer): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536)
}
