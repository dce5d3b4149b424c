/** Which version of the client is installed, and which wrote a session last. */

import { execFile } from 'node:child_process'
import { findClient } from './headless.ts'
import { plainSize, readSome } from './session-file.ts'

const patience = { timeout: 20_000, maxBuffer: 64 * 1024, killSignal: 'SIGKILL' } as const

/** What `claude --version` says; null where there is no such program, or it says nothing of the kind. */
export async function installedClient(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<string | null> {
  const program = await findClient(env, home).catch(() => null)
  if (program === null) return null
  return new Promise((resolve) => {
    const asked = execFile(program, ['--version'], { ...patience, env: { ...env } }, (error, stdout) => {
      resolve(error ? null : (/^(\d{1,6}\.\d{1,6}\.\d{1,6})\b/.exec(stdout)?.[1] ?? null))
    })
    asked.stdin?.end()
  })
}

const tailBytes = 64 * 1024

/** By the last row of the transcript that says so. */
export async function clientOf(transcript: string): Promise<string | null> {
  const size = (await plainSize(transcript)) ?? 0
  const tail = await readSome(transcript, Math.max(0, size - tailBytes), tailBytes)
  const found = [...(tail?.toString('latin1') ?? '').matchAll(/"version":"(\d{1,6}\.\d{1,6}\.\d{1,6})"/g)]
  return found.at(-1)?.[1] ?? null
}

/** Numbers, not text: 2.10 is newer than 2.9. */
export function isOlderClient(version: string, than: string): boolean {
  const [a, b] = [version, than].map((each) => each.split('.').map(Number))
  for (const [at, number] of (a ?? []).entries()) {
    const other = b?.[at] ?? 0
    if (number !== other) return number < other
  }
  return false
}
