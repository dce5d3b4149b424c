/** The state record. */

import test from 'ava'
import { parseSessionRecord } from '../../src/bundle/state-record.ts'
import { sessionRecord, state } from './samples.ts'
import { failsWith, saved, survivesDamage } from './support.ts'

test('a record comes back as it was saved, its pending push included', (t) => {
  t.deepEqual(saved(parseSessionRecord(saved(sessionRecord))), saved(sessionRecord))
  t.is(parseSessionRecord(saved({ ...sessionRecord, pending: null })).pending, null)
})

test('names of files cannot reach a prototype', async (t) => {
  const { current } = parseSessionRecord(saved(sessionRecord))
  t.is(Object.getPrototypeOf(current?.files), null)
  const poisoned = JSON.parse(
    JSON.stringify(sessionRecord).replace('"files":{"session', '"files":{"__proto__":{},"session'),
  )
  await failsWith(t, 'store-damaged', () => parseSessionRecord(poisoned))
})

for (const [what, value] of Object.entries({
  'is nothing': null,
  'is of another format': { ...sessionRecord, format: 2 },
  'has a damaged pending push': { ...sessionRecord, pending: { ...state, session: 'x' } },
  'has a file of an unknown name': {
    ...sessionRecord,
    current: { ...state, files: { 'settings.json': state.files['session.jsonl'] } },
  },
  'has an unknown tier': { ...sessionRecord, current: { ...state, tier: 'root' } },
  'lacks the scan': { ...sessionRecord, current: { ...state, scan: undefined } },
  'has a damaged manifest': {
    ...sessionRecord,
    current: { ...state, manifest: { ...state.manifest, seq: 0 } },
  },
})) {
  test(`a record that ${what} is damaged`, (t) =>
    failsWith(t, 'store-damaged', () => parseSessionRecord(saved(value))))
}

test('mutated records are refused, never more', async (t) => {
  await survivesDamage(sessionRecord, parseSessionRecord)
  t.pass()
})
