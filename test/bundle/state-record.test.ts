/** The state record. */

import test from 'ava'
import fc from 'fast-check'
import { parseSessionState } from '../../src/bundle/state-record.ts'
import { state } from './samples.ts'
import { failsWith, mutated, survives } from './support.ts'

const saved = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

test('a record comes back as it was saved, its pending push included', (t) => {
  t.deepEqual(saved(parseSessionState(saved(state))), saved(state))
  t.is(parseSessionState(saved({ ...state, pending: null })).pending, null)
})

test('names of files cannot reach a prototype', async (t) => {
  const { files } = parseSessionState(saved(state))
  t.is(Object.getPrototypeOf(files), null)
  const poisoned = JSON.parse(
    JSON.stringify(state).replace('"files":{"session', '"files":{"__proto__":{},"session'),
  )
  await failsWith(t, 'store-damaged', () => parseSessionState(poisoned))
})

for (const [what, value] of Object.entries({
  'is nothing': null,
  'is of another format': { ...state, format: 2 },
  'is pending within pending': { ...state, pending: { ...state.pending, session: 'x' } },
  'has a file of an unknown name': { ...state, files: { 'settings.json': state.files['session.jsonl'] } },
  'has an unknown tier': { ...state, tier: 'root' },
  'lacks the scan': { ...state, scan: undefined },
  'has a damaged manifest': { ...state, manifest: { ...state.manifest, seq: 0 } },
})) {
  test(`a record that ${what} is damaged`, (t) =>
    failsWith(t, 'store-damaged', () => parseSessionState(saved(value))))
}

test('mutated records are refused, never more', async (t) => {
  const valid = Buffer.from(JSON.stringify(state))
  await fc.assert(
    fc.asyncProperty(mutated(valid), (bytes) => {
      let value: unknown
      try {
        value = JSON.parse(Buffer.from(bytes).toString())
      } catch {
        return Promise.resolve(true)
      }
      return survives(() => parseSessionState(value))
    }),
    { numRuns: 300 },
  )
  t.pass()
})
