/** `scan` on a small world: it tells what and where, never the secret itself, and changes nothing. */

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { token } from '../redact/support.ts'
import { teleport, teleported } from '../support/in-process.ts'
import { dig, recordsIn } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'

const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')
const spoken = 'blue horses fly deep'

test('scan counts what redaction would take out, and where, and shows no secret', async (t) => {
  const sandbox = await makeSandbox(t)
  const laptop = await sandbox.machine('laptop')
  const root = await checkout(laptop, await sandbox.bareRemote(), 'app')
  const { home, config } = laptop
  const { transcript } = await writeSession({
    session,
    seed: 'scan',
    bytes: 8_000,
    startTime: Date.now() - 3_600_000,
    home,
    config,
    root,
  })
  const clean = await teleported(laptop, ['scan', '--json'], { cwd: root })
  const counts = Object.keys(Object(dig(clean.json(), 'counts')))
  t.deepEqual(
    counts.filter((rule) => rule !== 'api-request'),
    [],
  )

  await writeFile(path.join(root, '.env'), `DB_PASSWORD='${spoken}'\n`)
  const rows = [
    { type: 'user', message: `the password is ${spoken}` },
    { type: 'user', message: `and ${token}` },
  ]
  const before = (await readFile(transcript, 'utf8')).split('\n').length
  await appendFile(transcript, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const bytes = await readFile(transcript)

  const told = await teleported(laptop, ['scan', '--json'], { cwd: root })
  const places = recordsIn(dig(told.json(), 'places')).filter(({ rule }) => rule !== 'api-request')
  t.deepEqual(places, [
    { file: 'session.jsonl', line: before, rule: 'known-value' },
    { file: 'session.jsonl', line: before + 1, rule: 'github-pat' },
  ])
  const text = await teleported(laptop, ['scan', session.slice(0, 8)], { cwd: root })
  t.regex(text.stdout, new RegExp(`^1 +github-pat +session\\.jsonl:${before + 1}$`, 'm'))
  for (const each of [told, text]) t.false(/blue|horses|gh[p]_/.test(each.stdout + each.stderr))
  t.true((await readFile(transcript)).equals(bytes))

  await appendFile(transcript, `{"type":"user","a":${'['.repeat(5000)}${']'.repeat(5000)}}\n`)
  const refused = await teleport(laptop, ['scan', '--json'], { cwd: root })
  t.is(refused.exitCode, 6)
  t.is(dig(refused.json(), 'error', 'code'), 'secret-found')
})
