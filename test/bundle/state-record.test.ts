/** The state record. */

import test from 'ava'
import fc from 'fast-check'
import { parseSessionRecord } from '../../src/bundle/state-record.ts'
import { sessionRecord, state } from './samples.ts'
import { failsWith, mutated, survives } from './support.ts'

const saved = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

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
  const valid = Buffer.from(JSON.stringify(sessionRecord))
  await fc.assert(
    fc.asyncProperty(mutated(valid), (bytes) => {
      let value: unknown
      try {
        value = JSON.parse(Buffer.from(bytes).toString())
      } catch {
        return Promise.resolve(true)
      }
      return survives(() => parseSessionRecord(value))
    }),
    { numRuns: 300 },
  )
  t.pass()
})
