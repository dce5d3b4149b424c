/** What the hooks of the Claude Code plugin cost whoever types, and how soon a client may leave, with nobody at the other end. */

import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { programFile } from '../../test/support/cli.ts'
import { dig, parseJson } from '../../test/support/json.ts'
import { byTurns, contestant, timed } from '../clock.ts'
import { type Lab, type Site, session, storeOf, teleport, tell, withLab } from '../lab.ts'
import { ms, type Row, type RowGroup } from '../row.ts'

const hooks = path.resolve(import.meta.dirname, '../../../hooks/claude/hooks')

interface Case {
  readonly what: string
  readonly hook: 'prompt' | 'stop' | 'session-start' | 'session-end'
  readonly barMs: number
  readonly event: Readonly<Record<string, unknown>>
  /** Before each turn, not timed. */
  readonly prepare?: (site: Site) => Promise<void>
}

const typed = { prompt: 'and now make the tests of the parser faster, please '.repeat(8) }
const said = { last_assistant_message: 'I have looked at the parser and at its tests. '.repeat(60) }

const quiet: readonly Case[] = [
  { what: 'a prompt, nothing turned on', hook: 'prompt', barMs: 5, event: typed },
  { what: 'a turn ends, nothing turned on', hook: 'stop', barMs: 10, event: said },
]

/** A worker that runs takes along what is noted; none is started, and the processor is the hook’s. */
const working = async (site: Site) => {
  const running = path.join(storeOf(site), 'worker/running')
  await mkdir(path.dirname(running), { recursive: true })
  await writeFile(running, `${process.pid}\n`)
}

const sending: readonly Case[] = [
  { what: 'a prompt, `git teleport auto` on', hook: 'prompt', barMs: 5, event: typed },
  { what: 'a turn ends, it is noted', hook: 'stop', barMs: 10, event: said, prepare: working },
]

export const claudeHooks: RowGroup = {
  name: 'claude-hooks',
  measure: ({ quick, say }) =>
    withLab(async (lab) => {
      const { laptop } = lab
      const rounds = quick ? 10 : 200
      await teleport(laptop, 'status')
      await giveProgram(laptop)
      const rows: Row[] = []
      for (const each of quiet) rows.push(await measure(laptop, each, rounds, say))
      await teleport(laptop, 'auto', 'origin')
      await giveProgram(laptop)
      for (const each of sending) rows.push(await measure(laptop, each, rounds, say))
      return [...rows, ...(await withoutRemote(lab, quick, say))]
    }),
}

/** As `init --plugin` does. */
async function giveProgram({ machine }: Site): Promise<void> {
  const folder = path.join(machine.home, '.config/git-teleport')
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'program'), `${process.execPath}\n${programFile}\n`)
}

/** A session of 50 MB, and a remote that is gone: the worker that the hook starts works on beside it. */
async function withoutRemote(
  { laptop, remote }: Lab,
  quick: boolean,
  say: (line: string) => void,
): Promise<readonly Row[]> {
  const bytes = quick ? 1_000_000 : 50_000_000
  await tell(laptop, bytes)
  await rename(remote, `${remote}.away`)
  const rounds = quick ? 2 : 10
  const size = quick ? '1 MB' : '50 MB'
  const event = { reason: 'prompt_input_exit' }
  try {
    const ends = await measure(
      laptop,
      {
        what: `a client leaves, ${size}, no remote`,
        hook: 'session-end',
        barMs: 1500,
        event,
        prepare: endWorker,
      },
      rounds,
      say,
    )
    const starts = await measure(
      laptop,
      {
        what: `a client begins, ${size} waiting, no remote`,
        hook: 'session-start',
        barMs: 1500,
        event: { source: 'startup' },
        prepare: endWorker,
      },
      rounds,
      say,
    )
    return [ends, starts]
  } finally {
    await endWorker(laptop)
    await rename(`${remote}.away`, remote)
  }
}

/** The one that the last turn started, once it has come as far as its lock. */
async function endWorker(site: Site): Promise<void> {
  const deadline = performance.now() + 5000
  while (performance.now() < deadline) {
    const pid = await workerOf(site)
    if (pid !== null && runs(pid)) {
      process.kill(pid, 'SIGKILL')
      while (runs(pid)) await setTimeout(10)
      return
    }
    if (pid === null && started === 0) return
    await setTimeout(20)
  }
}

/** Workers that turns have started. */
let started = 0

async function workerOf(site: Site): Promise<number | null> {
  try {
    const pid = dig(parseJson(await readFile(path.join(storeOf(site), 'worker/lock'), 'utf8')), 'pid')
    return typeof pid === 'number' ? pid : null
  } catch {
    return null
  }
}

function runs(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function measure(
  site: Site,
  { what, hook, barMs, event, prepare }: Case,
  rounds: number,
  say: (line: string) => void,
): Promise<Row> {
  say(`${hook}: ${what}`)
  const stdin = JSON.stringify({ session_id: session, cwd: site.top, ...event })
  const env = { ...site.machine.env, CLAUDE_PROJECT_DIR: site.top, CLAUDE_CODE_SESSION_ID: session }
  const options = { cwd: site.top, stdin, env }
  const turn = async () => {
    const took = await timed('sh', [path.join(hooks, hook)], options)
    if (hook.startsWith('session-')) started += 1
    return took
  }
  const ours = contestant(turn, () => prepare?.(site) ?? Promise.resolve())
  const bare = contestant(() => timed('sh', ['-c', ':'], options))
  await byTurns([ours, bare], rounds)
  const { wallMs } = ours.took()
  return {
    what: `${hook} hook: ${what}`,
    bar: `≤ ${ms(barMs)}`,
    measured: `${wallMs.toFixed(1)} ms (\`sh -c :\` ${bare.took().wallMs.toFixed(1)} ms)`,
    ok: wallMs <= barMs,
  }
}
