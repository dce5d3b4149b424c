/** The program: hands the command line to src/cmd, and ends with its exit code. */

import { writeSync } from 'node:fs'
import type { exitCodes } from './errors.ts'

/** Put in by the build; not there when the compiled sources run as they are. */
declare const GIT_TELEPORT_VERSION: string | undefined
const version = typeof GIT_TELEPORT_VERSION === 'string' ? GIT_TELEPORT_VERSION : '0.0.0-unbuilt'

// Copies of two numbers, checked by their types: what reports a defect depends on no other file.
const bug: typeof exitCodes.bug = 70
const interrupted: typeof exitCodes.interrupted = 130
/** What a shell reports for a program whose reader went away (128 + SIGPIPE). */
const readerGone = 141

const argv = process.argv.slice(2)
void main()

/** Sets the exit code and returns: what is still to be written is written, which `process.exit` would cut off. */
async function main(): Promise<void> {
  let ended = false
  process.on('exit', (code) => {
    if (!ended && code === 0) process.exitCode = reportBug(new Error('the command came to no end'))
  })
  process.on('uncaughtException', (error) => process.exit(reportBug(error)))
  process.stdout.on('error', stopWriting)
  process.stderr.on('error', () => {})
  const interruption = watchForInterruption()
  let isFailure = true
  try {
    const code = await start(interruption, () => {
      isFailure = false
    })
    process.exitCode = interruption.aborted && isFailure ? interrupted : code
  } catch (error) {
    process.exitCode = reportBug(error)
  }
  ended = true
}

async function start(signal: AbortSignal, endsByInterruption: () => void): Promise<number> {
  keepCompiledCode()
  const [{ run }, { processIo }] = await Promise.all([import('./cmd/cli.ts'), import('./cmd/io.ts')])
  return run(argv, processIo(signal, version, endsByInterruption))
}

/** The first signal asks the command to clean up and end; a second one ends it. */
function watchForInterruption(): AbortSignal {
  const controller = new AbortController()
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(interrupted)
    controller.abort()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, interrupt)
  // Node ignores it, so that a write beyond a limit fails and is told. A package that listens alone would end us.
  process.on('SIGXFSZ', () => {})
  return controller.signal
}

/**
 * Lets Node 22.8 and later keep compiled code between runs. In a folder of the user's own, because the default one
 * lies in the shared temporary folder, where another user could plant code.
 */
function keepCompiledCode(): void {
  const { HOME, XDG_CACHE_HOME } = process.env
  const cache = XDG_CACHE_HOME?.startsWith('/') ? XDG_CACHE_HOME : HOME?.startsWith('/') && `${HOME}/.cache`
  const module = process.getBuiltinModule('node:module')
  if (!cache || !('enableCompileCache' in module) || typeof module.enableCompileCache !== 'function') return
  module.enableCompileCache(`${cache}/git-teleport/node`)
}

/** Nobody reads stdout any more (EIO: the terminal is gone): end as quietly as by SIGPIPE. Other failures are told. */
function stopWriting(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE' || error.code === 'EIO') process.exit(readerGone)
  say(`git-teleport: error: cannot write the output: ${error.code ?? error.message}\n`)
  process.exit(1)
}

/** Whatever arrives here is no error that the program knows, so it is a defect of it. */
function reportBug(error: unknown): number {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error)
  const where = `git-teleport ${version}, node ${process.version}, ${process.platform} ${process.arch}`
  say(
    `git-teleport: error: this is a defect of git-teleport, not of your data\n` +
      `git-teleport: hint: report it with these lines\n  ${where}\n  ${printable(stack).replaceAll('\n', '\n  ')}\n`,
  )
  return bug
}

function printable(text: string): string {
  return text.replace(/[^\P{C}\n]|[\u2028\u2029]/gu, '')
}

/** Written at once, since the process may be about to end; a closed stderr is nobody's trouble. */
function say(text: string): void {
  try {
    writeSync(2, text)
  } catch {
    // Nobody is listening.
  }
}
