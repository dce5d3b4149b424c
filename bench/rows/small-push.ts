/** A push of 50 kB added to a 50 MB session, with 1,000 sessions in the index; and the small pull of it. */

import { randomBytes } from 'node:crypto'
import path from 'node:path'
import { startSshRemote } from '../../test/support/sshd.ts'
import { compressedDelta } from '../added.ts'
import { fillIndex } from '../bulk-index.ts'
import { byTurns, contestant, type Took, timed } from '../clock.ts'
import { type Lab, session, snapshot, storeOf, teleport, tell, tellMore, withLab } from '../lab.ts'
import { against, type BenchOptions, kB, ms, type Row, type RowGroup, ratio } from '../row.ts'
import { recordedWire } from '../wire.ts'

const added = 50_000
/** What a pack may have beside the compressed bytes: manifest, entry, two commits, trees. */
const overhead = 6000
const fileAllowanceMs = 250

export const smallPush: RowGroup = {
  name: 'small-push',
  async measure(options) {
    const { say } = options
    say('a small push: bytes')
    const bytes = await withLab((lab) => measureBytes(lab, options))
    say('a small push and pull: time, on file')
    const onFile = await withLab((lab) => measureTime(lab, options, 'on file'))
    say('a small push and pull: time, over sshd')
    const overSsh = await withLab(async (lab) => {
      const ssh = await startSshRemote(lab.sandbox)
      try {
        for (const { machine, top } of [lab.laptop, lab.desktop]) {
          await ssh.allow(machine)
          await machine.git(top, 'remote', 'set-url', 'origin', ssh.url(lab.remote))
        }
        return await measureTime(lab, options, 'over sshd')
      } finally {
        await ssh.close()
      }
    })
    return [bytes, ...onFile, ...overSsh]
  },
}

const sizeOf = ({ quick }: BenchOptions) => (quick ? 2e6 : 50e6)

async function prepare(lab: Lab, options: BenchOptions) {
  const cursor = await tell(lab.laptop, sizeOf(options))
  await fillIndex(lab.laptop, options.quick ? 100 : 1000)
  await teleport(lab.laptop, 'push', session)
  return cursor
}

async function measureBytes(lab: Lab, options: BenchOptions): Promise<Row> {
  const wire = await recordedWire(lab, lab.laptop)
  const cursor = await prepare(lab, options)
  const before = path.join(lab.sandbox.folder, 'before')
  await snapshot([lab.laptop.machine.config], before)
  await tellMore(lab.laptop, sizeOf(options), cursor, added)
  const delta = await compressedDelta(path.join(before, '0'), lab.laptop.machine.config)
  await teleport(lab.laptop, 'push', session)
  const sent = await wire.packBytes()
  return {
    what: '50 kB more, a 50 MB session, 1,000 in the index: bytes',
    bar: '≤ 1.2 × the compressed delta + 6 kB',
    measured: `${kB(sent)} for ${kB(delta)}: 1.2 × and ${kB(sent - 1.2 * delta)}`,
    ok: sent <= 1.2 * delta + overhead,
  }
}

/** Every round starts from the same first push: a push that merges segments is the affair of another row. */
async function measureTime(
  lab: Lab,
  options: BenchOptions,
  how: 'on file' | 'over sshd',
): Promise<readonly Row[]> {
  const { laptop, desktop, sandbox, remote } = lab
  const cursor = await prepare(lab, options)
  await teleport(desktop, 'pull', session)
  const all = [laptop.machine.config, storeOf(laptop), desktop.machine.config, storeOf(desktop), remote]
  const restore = await snapshot(all, path.join(sandbox.folder, 'kept'))
  const plain = await plainCommits(lab)
  const push = contestant(
    () => teleport(laptop, 'push', session),
    async () => {
      await restore()
      await plain.prepare()
      await tellMore(laptop, sizeOf(options), cursor, added)
    },
  )
  const barePush = contestant(plain.push)
  const pull = contestant(() => teleport(desktop, 'pull', session))
  const idleFetch = contestant(() =>
    timed('git', ['fetch', '--quiet'], { cwd: desktop.top, env: desktop.machine.env }),
  )
  await byTurns([push, barePush, pull, idleFetch], options.quick ? 1 : 9)
  return [
    judge(`the same: time, ${how}`, how, push.took(), barePush.took()),
    {
      what: `pull of these 50 kB, ${how}`,
      bar: '–',
      measured: `${ratio(pull.took(), idleFetch.took())}, an idle \`git fetch\``,
      ok: null,
    },
  ]
}

function judge(what: string, how: 'on file' | 'over sshd', push: Took, bare: Took): Row {
  if (how === 'over sshd') {
    const ok = push.wallMs <= 2 * bare.wallMs
    return { what, bar: '≤ 2 × a bare `git push`', measured: ratio(push, bare), ok }
  }
  const extra = push.wallMs - bare.wallMs
  return {
    what,
    bar: '≤ a bare `git push` + 250 ms',
    measured: `+ ${ms(extra)} (${against(push, bare)})`,
    ok: extra <= fileAllowanceMs,
  }
}

/** Pushes of one commit with about as many random bytes, from a plain clone to the same remote. */
async function plainCommits({ laptop, remote, sandbox }: Lab) {
  const clone = path.join(sandbox.folder, 'plain.git')
  const { machine, top } = laptop
  const url = await machine.git(top, 'remote', 'get-url', 'origin')
  await machine.git(machine.home, 'clone', '--quiet', '--bare', remote, clone)
  return {
    async prepare() {
      const stdin = randomBytes(18_000)
      const blob = await machine.run('git', ['hash-object', '-w', '--stdin'], { cwd: clone, stdin })
      const tree = await machine.run('git', ['mktree'], {
        cwd: clone,
        stdin: `100644 blob ${blob.stdout.trim()}\tmore\n`,
      })
      const commit = await machine.git(clone, 'commit-tree', '-m', 'more', '-p', 'main', tree.stdout.trim())
      await machine.git(clone, 'update-ref', 'refs/heads/more', commit)
    },
    push: () => timed('git', ['push', '--quiet', url, 'refs/heads/more'], { cwd: clone, env: machine.env }),
  }
}
