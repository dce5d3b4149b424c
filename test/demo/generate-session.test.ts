/** The invented session: the same for the same seed, whole in itself, and able to go on elsewhere. */

import { createHash } from 'node:crypto'
import { brotliCompressSync, constants } from 'node:zlib'
import test from 'ava'
import { appendTurns, generateSession, transcriptPath } from '../../src/demo/generate-session.ts'
import { isRecord, parseRows, recordsIn, stringAt } from '../support/json.ts'
import { hear, toldOptions } from '../support/told.ts'

const options = toldOptions('/home/ada', '/home/ada/work/project', { bytes: 300_000 })
const session = options.session
const told = hear(generateSession(options))
const transcript = told.files.get(transcriptPath(options)) ?? ''
const rows = parseRows(transcript)

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const uuidsOf = (list: typeof rows) => list.flatMap((row) => stringAt(row, 'uuid') ?? [])

test('the same seed and options tell the same session', (t) => {
  t.deepEqual(hear(generateSession(options)), told)
  const other = hear(generateSession({ ...options, seed: 'another seed' }))
  t.notDeepEqual(other.files.get(transcriptPath(options)), transcript)
})

test('the transcript has about the size that was asked for', (t) => {
  for (const bytes of [20_000, 60_000, 300_000, 3_000_000]) {
    const size = hear(generateSession({ ...options, bytes })).cursor.bytes
    t.true(size >= bytes && size < bytes * 1.02 + 12_000, `${size} for ${bytes}`)
  }
  t.is(told.cursor.bytes, Buffer.byteLength(transcript))
})

test('it compresses as transcripts do', (t) => {
  const bytes = Buffer.from(
    hear(generateSession({ ...options, bytes: 2_000_000 })).files.get(transcriptPath(options)) ?? '',
  )
  const params = { [constants.BROTLI_PARAM_QUALITY]: 5, [constants.BROTLI_PARAM_LGWIN]: 24 }
  const ratio = bytes.length / brotliCompressSync(bytes, { params }).length
  t.true(ratio > 6 && ratio < 9, `ratio ${ratio}`)
})

test('every row hangs on an earlier one, from one root', (t) => {
  const known = new Set<string>()
  let roots = 0
  for (const row of rows.filter((candidate) => 'uuid' in candidate)) {
    const parent = row['parentUuid']
    if (parent === null) roots++
    else t.true(typeof parent === 'string' && known.has(parent))
    known.add(stringAt(row, 'uuid') ?? '')
  }
  t.is(roots, 1)
  t.is(known.size, uuidsOf(rows).length)
  t.is(told.cursor.parent, uuidsOf(rows).at(-1) ?? '')
})

test('every tool call has its result', (t) => {
  const blocks = rows.flatMap((row) => (isRecord(row['message']) ? recordsIn(row['message']['content']) : []))
  const calls = blocks.filter((block) => block['type'] === 'tool_use').map((block) => block['id'])
  const results = blocks
    .filter((block) => block['type'] === 'tool_result')
    .map((block) => block['tool_use_id'])
  t.true(calls.length > 10)
  t.deepEqual(results, calls)
})

test('a session has every kind of file that travels', (t) => {
  const subdir = `projects/-home-ada-work-project/${session}`
  const kinds = [
    new RegExp(`^projects/-home-ada-work-project/${session}\\.jsonl$`),
    new RegExp(`^${subdir}/subagents/agent-[0-9a-z]+\\.jsonl$`),
    new RegExp(`^${subdir}/subagents/agent-[0-9a-z]+\\.meta\\.json$`),
    new RegExp(`^${subdir}/tool-results/[0-9a-z]+\\.txt$`),
    new RegExp(`^file-history/${session}/[0-9a-f]{16}@v\\d+$`),
    new RegExp(`^tasks/${session}/1\\.json$`),
    new RegExp(`^tasks/${session}/\\.highwatermark$`),
    new RegExp(`^todos/${session}-agent-${session}\\.json$`),
    /^plans\/[a-z0-9-]+\.md$/,
    new RegExp(`^uploads/${session}/notes\\.txt$`),
    /^history\.jsonl$/,
    /^paste-cache\/[0-9a-f]{16}\.txt$/,
    new RegExp(`^session-env/${session}/sessionstart-hook-1\\.sh$`),
    /^shell-snapshots\/snapshot-bash-\d+-[0-9a-z]{6}\.sh$/,
  ]
  const small = hear(generateSession({ ...options, bytes: 60_000 }))
  for (const telling of [told, small]) {
    for (const kind of kinds)
      t.true(
        [...telling.files.keys()].some((name) => kind.test(name)),
        String(kind),
      )
  }
})

test('rows name files that are there', (t) => {
  const spilled = rows.flatMap((row) => stringAt(row, 'toolUseResult', 'persistedOutputPath') ?? [])
  t.true(spilled.length > 0)
  for (const path of spilled) t.true(told.files.has(path.slice('/home/ada/.claude/'.length)), path)
  const plans = rows.flatMap((row) => stringAt(row, 'attachment', 'planFilePath') ?? [])
  const slugs = new Set(rows.flatMap((row) => stringAt(row, 'slug') ?? []))
  t.deepEqual(
    plans,
    [...slugs].map((slug) => `/home/ada/.claude/plans/${slug}.md`),
  )
  const history = parseRows(told.files.get('history.jsonl') ?? '')
  t.is(history.length, told.cursor.turns)
  t.true(history.every((row) => row['sessionId'] === session && row['project'] === options.root))
})

test('each backup is named by the hash of its file, and each checkpoint names backups that are there', (t) => {
  const named = rows
    .filter((row) => row['type'] === 'file-history-snapshot')
    .flatMap((row) =>
      isRecord(row['snapshot']) && isRecord(row['snapshot']['trackedFileBackups'])
        ? Object.entries(row['snapshot']['trackedFileBackups'])
        : [],
    )
    .flatMap(([path, backup]) =>
      typeof stringAt(backup, 'backupFileName') === 'string'
        ? [[path, stringAt(backup, 'backupFileName')]]
        : [],
    )
  t.true(named.length > 3)
  for (const [path, name = ''] of named) {
    t.is(name.slice(0, 16), sha256(`${options.root}/${path}`).slice(0, 16))
    t.true(told.files.has(`file-history/${session}/${name}`), name)
  }
})

test('a session goes on, on the same machine or on another', (t) => {
  const elsewhere = toldOptions('/Users/ada', '/Users/ada/src/project', { bytes: options.bytes })
  for (const next of [options, elsewhere]) {
    const more = hear(appendTurns(next, told.cursor, { bytes: 50_000 }))
    const added = parseRows(more.files.get(transcriptPath(next)) ?? '')
    const first = added.find((row) => 'uuid' in row)
    t.is(first?.['parentUuid'], told.cursor.parent)
    t.true(added.every((row) => row['cwd'] === undefined || row['cwd'] === next.root))
    t.true(uuidsOf(added).every((uuid) => !transcript.includes(uuid)))
    const grown = more.cursor.bytes - told.cursor.bytes
    t.true(grown >= 50_000 && grown < 75_000, `${grown}`)
  }
})

test('going on twice is not going on once', (t) => {
  const once = hear(appendTurns(options, told.cursor, { bytes: 20_000 }), told)
  const twice = hear(appendTurns(options, once.cursor, { bytes: 20_000 }), once)
  const text = twice.files.get(transcriptPath(options)) ?? ''
  t.true(text.startsWith(once.files.get(transcriptPath(options)) ?? '?'))
  t.is(new Set(uuidsOf(parseRows(text))).size, uuidsOf(parseRows(text)).length)
})
