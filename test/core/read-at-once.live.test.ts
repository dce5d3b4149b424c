/** A long session is read while it is decrypted. */

import { randomBytes } from 'node:crypto'
import { appendFile, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { type ShownHead, type ShowOptions, showSession } from '../../src/core/show.ts'
import { continueSession, writeSession } from '../../src/demo/write-session.ts'
import { hasCode } from '../../src/errors.ts'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { renderTranscript } from '../../src/review/transcript.ts'
import { teleported, worldOf } from '../support/in-process.ts'
import { stringAt } from '../support/json.ts'
import { forgeCommit, forgeTree, keyOf, readTipBlob, withTip } from './forge.ts'
import { optionsOf, type Seat, sharedWorld } from './shared-world.ts'

const shared = sharedWorld((work) => test.after.always(work))
const long = parseSessionId('77777777-91c4-4d6f-9a37-0123456789ab')
const heavy = parseSessionId('88888888-91c4-4d6f-9a37-0123456789ab')
const size = 80_000

interface Shown {
  readonly head: ShownHead | undefined
  readonly text: string
  readonly error: unknown
}

async function shownAt({ machine, top }: Seat, id: SessionId, how: Partial<ShowOptions>): Promise<Shown> {
  let head: ShownHead | undefined
  let text = ''
  const taste = { color: false, columns: 80, full: true, thinking: true, numbers: true }
  const told = showSession(
    worldOf(machine, { cwd: top }),
    { session: id, ...how },
    async (found) => {
      head = found
    },
    async ({ lines, agents, range }) => {
      for await (const piece of renderTranscript(lines(), { ...taste, agents, range })) text += piece
    },
  )
  const error = await told.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  return { head, text, error }
}

const atOnce = { atOnce: true, wholeBytes: 0 }

test.serial('what is told while it is decrypted is what is told when all of it is', async (t) => {
  const { laptop, desktop, tablet } = await shared()
  const at = (seat: Seat, ...argv: string[]) => teleported(seat.machine, argv, { cwd: seat.top })
  const same = async (segments: number) => {
    const whole = await shownAt(tablet, long, {})
    const streamed = await shownAt(tablet, long, atOnce)
    t.deepEqual([whole.error, streamed.error], [undefined, undefined])
    t.true(streamed.text === whole.text, 'the same words')
    t.deepEqual({ ...streamed.head, messages: whole.head?.messages }, { ...whole.head })
    t.is(streamed.head?.messages, null)
    t.is(whole.head?.segments, segments)
    return streamed.text
  }
  const first = await writeSession(optionsOf(laptop, long, size))
  await at(laptop, 'push', long)
  t.regex(await same(1), /^ {2}\| \S/m)
  const more = await continueSession(optionsOf(laptop, long, size), first.cursor, 6_000)
  // A subagent that was at work when the first push was made.
  const agents = path.join(first.transcript.replace(/\.jsonl$/, ''), 'subagents')
  const [agent = ''] = (await readdir(agents)).filter((name) => name.endsWith('.jsonl'))
  const late = { type: 'assistant', isSidechain: true, message: { content: 'A late word.' } }
  await appendFile(path.join(agents, agent), `${JSON.stringify(late)}\n`)
  await at(laptop, 'push', long)
  const late1 = await same(2)
  t.regex(late1, /^ {2}\| A late word\.$/m)
  t.true(late1.indexOf('A late word.') < late1.length / 2, 'where its call stands')

  await at(desktop, 'pull', long)
  await continueSession(optionsOf(desktop, long, size), more.cursor, 1_500)
  await at(desktop, 'push', long)
  await same(3)

  await at(laptop, 'pull', long)
  const rows = await readFile(first.transcript, 'utf8')
  await writeFile(first.transcript, rows.replace(/"content":"(?=[a-z])/, '"content":"Rewritten: '))
  await at(laptop, 'push', long)
  t.regex(await same(4), /^> Rewritten: /m)
  const part = { range: { from: '3', to: '4' } }
  const { text } = await shownAt(tablet, long, { ...atOnce, ...part })
  t.is(text, (await shownAt(tablet, long, part)).text)
})

test.serial('damage is told behind what came before it, and nothing of a damaged segment is', async (t) => {
  const world = await shared()
  const { laptop, desktop, tablet } = world
  const at = ({ machine, top }: Seat, ...argv: string[]) => teleported(machine, argv, { cwd: top })
  await writeSession(optionsOf(laptop, heavy, 12_000))
  await at(laptop, 'push', heavy)
  const pulled = await at(desktop, 'pull', heavy, '--json')
  // What is longer than git and Node read ahead, and nothing makes shorter.
  const text = randomBytes(4_000_000).toString('base64')
  const row = { type: 'user', message: { content: text } }
  await appendFile(stringAt(pulled.json(), 'transcript') ?? '', `${JSON.stringify(row)}\n`)
  await at(desktop, 'push', heavy, '--no-redact')
  const whole = await shownAt(tablet, heavy, atOnce)
  t.is(whole.error, undefined)
  const own = await keyOf(laptop)
  const damaged = async (segment: string, place: (length: number) => number) => {
    const blob = readTipBlob(world, heavy, segment)
    const at = place(blob.length)
    blob[at] = (blob[at] ?? 0) ^ 1
    const tree = forgeTree(world, heavy, { [segment]: blob })
    const commit = await forgeCommit(world, heavy, { signer: own, tree })
    let shown: Shown | undefined
    await withTip(world, heavy, commit, async () => {
      shown = await shownAt(tablet, heavy, atOnce)
    })
    t.true(hasCode(shown?.error, 'damaged-bundle'), String(shown?.error))
    return { head: shown?.head, text: shown?.text ?? '', message: String(shown?.error) }
  }
  const later = await damaged('segments/0002', (length) => length - 1)
  t.regex(
    later.message,
    /segment 0002 is not what its manifest says; what was read before it is not all of it$/,
  )
  t.true(later.text.length > 100 && later.text.length < 100_000)
  t.true(whole.text.startsWith(later.text))
  const first = await damaged('segments/0001', (length) => length - 1)
  t.is(first.text, '')
  t.notRegex(first.message, /not all of it/)
  const table = await damaged('segments/0002', () => 250)
  t.is(table.head, undefined, 'its table is needed before anything is told')
})
