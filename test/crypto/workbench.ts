/** A folder of its own for a test, the programs run in it, and the keys of fixtures/interop/age. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { type DeviceKey, loadDeviceKey } from '../../src/crypto/device-key.ts'
import { TeleportError } from '../../src/errors.ts'

export const vectors = path.resolve(import.meta.dirname, '../../../fixtures/interop/age')

export interface Workbench {
  readonly dir: string
  path(name: string): string
  write(name: string, content: Uint8Array | string, mode?: number): string
  read(name: string): Buffer
  /** Throws when the program fails. */
  run(program: string, args: readonly string[], input?: Uint8Array | string): Buffer
}

export function workbench(t: ExecutionContext): Workbench {
  const dir = mkdtempSync(path.join(tmpdir(), 'teleport-crypto-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const inside = (name: string) => path.join(dir, name)
  const env = { PATH: process.env['PATH'], HOME: dir, GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' }
  return {
    dir,
    path: inside,
    write(name, content, mode = 0o600) {
      writeFileSync(inside(name), content, { mode })
      return inside(name)
    },
    read: (name) => readFileSync(inside(name)),
    run: (program, args, input = '') => execFileSync(program, args, { cwd: dir, env, input, stdio: 'pipe' }),
  }
}

export const keyText = (name: string) => readFileSync(path.join(vectors, 'keys', name), 'utf8')

export const vectorKey = (name: string): Promise<DeviceKey> =>
  loadDeviceKey({ text: keyText(name) }, async () => 'correct horse')

/** A throw-away ed25519 key under the passphrase `pass word`, with one round of bcrypt so that tests are quick. */
export const quickKey = `-----BEGIN OPENSSH PRIVATE KEY-----
b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABCsrVO6DD
PPErM8BcpEkJxGAAAAAQAAAAEAAAAzAAAAC3NzaC1lZDI1NTE5AAAAIAoZ7pOM52GQ6oww
LFovCglmnfml+lNGo0Q2rYUmLakCAAAAkFyg6wUHdr+tWsfT7cC7ao3HA9c7r6Mtn+Q0mk
r0xN/ZqFhIAB3cyzxCe84J4PZFDEMJpHNWCrBkzuyvfKkGsS+HhFcGIuqlqh3KD09ycTgt
hH3UiEKa/0YsKUtGTIElKWb/Y8pij1atbIVJfOUZ7uycq1R/F/TncvhJWJ51NL1OyhP7uI
amQOkvcTcMd6B9Wg==
-----END OPENSSH PRIVATE KEY-----
`

/** For keys without a passphrase. */
export const nobody = () =>
  Promise.reject(new TeleportError('passphrase-needed', 'there is nobody to be asked'))

/** The code of the error that `work` fails with, or a line that no code equals. */
export async function codeOf(work: () => unknown): Promise<string> {
  try {
    await work()
  } catch (error) {
    return error instanceof TeleportError ? error.code : `not ours: ${String(error)}`
  }
  return 'it succeeded'
}

export async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const part of source) parts.push(part)
  return Buffer.concat(parts)
}
