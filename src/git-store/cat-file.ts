/** One long-lived `git cat-file`, which answers in 0.04 ms where a process of its own would take 3. */

import { type ChildProcessByStdio, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { TeleportError } from '../errors.ts'
import type { Oid } from '../model.ts'
import { ended, type GitContext } from './git.ts'

export interface FoundObject {
  readonly type: string
  readonly size: number
  /** `null` when larger than asked for, and always in a reader of headers. */
  readonly content: Uint8Array | null
}

export interface CatFile {
  /** `undefined` when the store has no such object. Requests may overlap; each is answered in its turn. */
  read(oid: Oid, maxBytes: number): Promise<FoundObject | undefined>
  /** Ends the process once it has answered what is still asked. The next read starts another one. */
  close(): Promise<void>
}

interface Request {
  readonly oid: Oid
  readonly maxBytes: number
  resolve(found: FoundObject | undefined): void
  reject(error: Error): void
}

type Child = ChildProcessByStdio<Writable, Readable, null>

/** Starts no process before the first read. `mode` says whether contents are read or only type and size. */
export function openCatFile(context: GitContext, mode: '--batch' | '--batch-check'): CatFile {
  let waiting: Request[] = []
  let running: { readonly child: Child; readonly end: Promise<number> } | undefined

  function start(): Child {
    const child = spawn('git', ['cat-file', mode], {
      cwd: context.cwd,
      env: { ...context.environment },
      stdio: ['pipe', 'pipe', 'ignore'],
      windowsHide: true,
    })
    const end = ended(child, context)
    running = { child, end }
    const parser = openParser(mode, {
      request: () => waiting[0],
      answer: (found) => waiting.shift()?.resolve(found),
      tooLarge: (found) => {
        waiting.shift()?.resolve(found)
        restart()
      },
      garbled: () => child.kill(),
    })
    child.stdout.on('data', (chunk: Buffer) => {
      if (running?.child === child) parser(chunk)
    })
    // A dead process is told by its end; writing to it must not crash ours.
    child.stdin.on('error', () => undefined)
    end.then(
      () => failWaiting(child, new TeleportError('git-failed', 'git cat-file ended early')),
      (error: Error) => failWaiting(child, error),
    )
    return child
  }

  /** The rest of a huge object is not worth draining: a fresh process takes over what is still asked. */
  function restart(): void {
    running?.child.kill()
    running = undefined
    if (waiting.length > 0) start().stdin.write(waiting.map(({ oid }) => `${oid}\n`).join(''))
  }

  function failWaiting(child: Child, error: Error): void {
    if (running?.child !== child) return
    running = undefined
    const failed = waiting
    waiting = []
    for (const request of failed) request.reject(error)
  }

  return {
    read(oid, maxBytes) {
      return new Promise((resolve, reject) => {
        waiting.push({ oid, maxBytes, resolve, reject })
        const { stdin } = running?.child ?? start()
        // What is asked in one turn goes out with one write: a list of ten thousand asks as often.
        if (stdin.writableCorked === 0) {
          stdin.cork()
          setImmediate(() => stdin.uncork())
        }
        stdin.write(`${oid}\n`)
      })
    },
    async close() {
      const closing = running
      if (!closing) return
      if (waiting.length === 0) running = undefined
      closing.child.stdin.end()
      await closing.end.catch(() => undefined)
    },
  }
}

interface ParserEvents {
  request(): Request | undefined
  answer(found: FoundObject | undefined): void
  tooLarge(found: FoundObject): void
  garbled(): void
}

const maxHeaderBytes = 200

/** Cuts the output into answers: a header line, and in `--batch` mode the content and a line feed. */
function openParser(mode: '--batch' | '--batch-check', events: ParserEvents): (chunk: Buffer) => void {
  let header = Buffer.alloc(0)
  let open: { readonly type: string; readonly content: Buffer; filled: number } | undefined
  let stopped = false

  /** Consumes a part of `chunk`, returns the rest. */
  function takeHeader(chunk: Buffer): Buffer {
    const end = chunk.indexOf(0x0a)
    header = Buffer.concat([header, end < 0 ? chunk.subarray(0, maxHeaderBytes + 1) : chunk.subarray(0, end)])
    if (header.length > maxHeaderBytes) return stop(events.garbled)
    if (end < 0) return Buffer.alloc(0)
    const line = header.toString('latin1')
    header = Buffer.alloc(0)
    return startAnswer(line) ? chunk.subarray(end + 1) : Buffer.alloc(0)
  }

  function startAnswer(line: string): boolean {
    const request = events.request()
    const [oid, type = '', digits = ''] = line.split(' ')
    const size = Number(digits)
    if (!request || oid !== request.oid) return stop(events.garbled).length > 0
    if (type === 'missing') events.answer(undefined)
    else if (!/^\d+$/.test(digits) || !Number.isSafeInteger(size)) stop(events.garbled)
    else if (mode === '--batch-check') events.answer({ type, size, content: null })
    else if (size > request.maxBytes) stop(() => events.tooLarge({ type, size, content: null }))
    else open = { type, content: Buffer.allocUnsafeSlow(size), filled: 0 }
    return !stopped
  }

  function takeContent(chunk: Buffer, target: NonNullable<typeof open>): Buffer {
    const { type, content } = target
    const missing = content.length - target.filled
    chunk.copy(content, target.filled, 0, missing)
    if (chunk.length <= missing) {
      target.filled += chunk.length
      return Buffer.alloc(0)
    }
    open = undefined
    events.answer({ type, size: content.length, content })
    // One more for the line feed behind the content.
    return chunk.subarray(missing + 1)
  }

  function stop(event: () => void): Buffer {
    stopped = true
    event()
    return Buffer.alloc(0)
  }

  return (chunk) => {
    let rest = chunk
    while (rest.length > 0 && !stopped) rest = open ? takeContent(rest, open) : takeHeader(rest)
  }
}
