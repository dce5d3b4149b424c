/** The invented sessions of `fixtures/claude`, and small helpers for the tests of this folder. */

import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { type ClaudeHome, claudeHome } from '../../src/claude/home.ts'
import { type RelocateOptions, relocateContent } from '../../src/claude/relocate.ts'
import { type Here, planRelocation, type Relocation } from '../../src/claude/relocation.ts'
import { type DeviceId, isDeviceId, type Origin, parseSessionId } from '../../src/model.ts'

const fixtures = path.resolve(import.meta.dirname, '../../../fixtures/claude')

export const session = parseSessionId('3f2a91c4-5b6d-4e7f-8a90-b1c2d3e4f506')
export const otherSession = parseSessionId('aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee')

export type Sample = 'linux' | 'windows'

const projectDirs = { linux: '-home-ann-app', windows: 'C--Users-Ann-app' }

export function sampleFile(sample: Sample, name: string): string {
  return path.join(fixtures, sample, 'config/projects', projectDirs[sample], name)
}

export const transcript = (sample: Sample) => readFileSync(sampleFile(sample, `${session}.jsonl`))

export function temporary(t: ExecutionContext): string {
  const folder = realpathSync(mkdtempSync(path.join(tmpdir(), 'teleport-claude-')))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A home of its own, with the Linux sample in it unless `empty`. */
export function temporaryHome(t: ExecutionContext, empty = false): ClaudeHome {
  const home = temporary(t)
  if (!empty) cpSync(path.join(fixtures, 'linux/config'), path.join(home, '.claude'), { recursive: true })
  return claudeHome({}, home, 'linux')
}

function deviceId(): DeviceId {
  const id = 'a'.repeat(26)
  if (isDeviceId(id)) return id
  throw new Error('no device id')
}

export const linuxOrigin: Origin = {
  device: deviceId(),
  host: 'laptop',
  principal: 'ann@example.com',
  platform: 'posix',
  home: '/home/ann',
  config: '/home/ann/.claude',
  root: '/home/ann/app',
  cwd: '/home/ann/app',
  projectDir: '-home-ann-app',
}

export const windowsOrigin: Origin = {
  ...linuxOrigin,
  platform: 'win32',
  home: 'C:\\Users\\Ann',
  config: 'C:\\Users\\Ann\\.claude',
  root: 'C:\\Users\\Ann\\app',
  cwd: 'C:\\Users\\Ann\\app',
  projectDir: 'C--Users-Ann-app',
}

export const linuxHere: Here = {
  platform: 'posix',
  home: '/root',
  config: '/root/.claude',
  root: '/work/app',
  projectDir: '-work-app',
  session,
}

export const windowsHere: Here = {
  platform: 'win32',
  home: 'D:\\Home\\Bob',
  config: 'D:\\Home\\Bob\\.claude',
  root: 'D:\\src\\app',
  projectDir: 'D--src-app',
  session,
}

export const toLinux = planRelocation(linuxOrigin, session, linuxHere)

/** Cuts the bytes into chunks of that size, as a stream would. */
export async function* chunked(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

export async function joined(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of content) pieces.push(piece)
  return Buffer.concat(pieces)
}

export async function relocated(
  text: string | Uint8Array,
  relocation: Relocation,
  options: RelocateOptions = {},
  name = 'session.jsonl',
): Promise<string> {
  const content = chunked(typeof text === 'string' ? Buffer.from(text) : text, 777)
  return (await joined(relocateContent(name, content, relocation, options))).toString()
}

export const lines = (text: string | Uint8Array) =>
  text
    .toString()
    .split('\n')
    .filter((line) => line !== '')
