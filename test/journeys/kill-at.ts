/**
 * Loaded before the program (`node --import`): counts what it does to files and which programs it starts, as far as
 * `$KILL_STEPS` fits, and kills it, as kill -9 does, before the step number `$KILL_AT`. Writes the steps to `$KILL_LOG`.
 */

import childProcess from 'node:child_process'
import { appendFileSync, constants } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'

const killAt = Number(process.env['KILL_AT'] ?? 0)
const counts = new RegExp(process.env['KILL_STEPS'] ?? '')
const log = process.env['KILL_LOG']
let steps = 0

function step(what: string): void {
  if (!counts.test(what)) return
  steps += 1
  if (log) appendFileSync(log, `${what}\n`)
  if (steps === killAt) process.kill(process.pid, 'SIGKILL')
}

const told = (name: string, args: readonly unknown[]) => `${name} ${String(args[0])}`

for (const name of [
  'rename',
  'unlink',
  'link',
  'copyFile',
  'mkdir',
  'rm',
  'rmdir',
  'utimes',
  'writeFile',
] as const) {
  counted(promises, name, (args) => told(name, args))
}
counted(promises, 'open', (args) => (mayWrite(args[1]) ? told('open', args) : undefined))
counted(childProcess, 'spawn', (args) => `${told('spawn', args)} ${String(args[1])}`)
syncBuiltinESMExports()

function mayWrite(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0
  return typeof flags === 'string' && flags !== 'r'
}

function counted(
  owner: object,
  name: string,
  describe: (args: readonly unknown[]) => string | undefined,
): void {
  const original: unknown = Reflect.get(owner, name)
  if (typeof original !== 'function') throw new Error(`no function ${name}`)
  Reflect.set(owner, name, (...args: readonly unknown[]) => {
    const what = describe(args)
    if (what !== undefined) step(what)
    return Reflect.apply(original, owner, args)
  })
}
