/** Index entries and tombstones. */

import test from 'ava'
import fc from 'fast-check'
import { encodeIndexEntry, parseIndexEntry } from '../../src/bundle/index-entry.ts'
import type { IndexEntry } from '../../src/model.ts'
import { indexEntry, tombstone } from './samples.ts'
import { anyOid, anyText, anyTime, failsWith, mutated, oid, survives } from './support.ts'

const pad = (value: unknown) => {
  const json = JSON.stringify(value)
  return Buffer.from(json.padEnd(Math.ceil(json.length / 256) * 256))
}

const anyEntry: fc.Arbitrary<IndexEntry> = fc
  .record({
    state: fc.constantFrom('live', 'removed', 'expired'),
    seq: fc.integer({ min: 1 }),
    title: fc.option(anyText),
    author: anyText,
    host: anyText,
    branch: fc.option(anyText),
    messages: fc.nat(),
    updated: anyTime,
    expires: fc.option(anyTime),
    commits: fc.array(anyOid, { maxLength: 16 }),
  })
  .map((over) => ({ ...indexEntry, ...over }))

test('an entry comes back as it was encoded', (t) => {
  fc.assert(
    fc.property(anyEntry, (entry) => {
      t.deepEqual(parseIndexEntry(encodeIndexEntry(entry)), entry)
    }),
  )
  t.deepEqual(parseIndexEntry(encodeIndexEntry(tombstone)), tombstone)
})

test('entries are padded with spaces to multiples of 256 bytes', (t) => {
  for (let length = 0; length < 600; length += 7) {
    const bytes = encodeIndexEntry({ ...indexEntry, title: 'x'.repeat(length) })
    t.is(bytes.length % 256, 0)
    t.regex(Buffer.from(bytes).toString(), /^\{.*\} {0,255}$/)
  }
})

test('a title of any length and alphabet is cut so that the entry fits, on a whole character', (t) => {
  for (const unit of ['x', 'ä', '🦀', '\u0007', '"']) {
    const long = {
      ...indexEntry,
      title: unit.repeat(5000),
      author: unit.repeat(900),
      host: unit.repeat(900),
      branch: unit.repeat(900),
      holder: { principal: unit.repeat(900), since: indexEntry.updated },
      commits: Array.from({ length: 16 }, () => oid('9')),
    }
    const bytes = encodeIndexEntry(long)
    t.true(bytes.length <= 4096)
    const { title } = parseIndexEntry(bytes)
    t.true((title ?? '').length > 100)
    t.is((title ?? '').replaceAll(unit, ''), '')
  }
})

test('random and mutated entries are refused, never more', async (t) => {
  const valid = encodeIndexEntry(indexEntry)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ minLength: 256, maxLength: 256, size: 'max' }), (bytes) =>
      survives(() => parseIndexEntry(bytes)),
    ),
  )
  await fc.assert(
    fc.asyncProperty(mutated(valid), (bytes) =>
      survives(() =>
        parseIndexEntry(Buffer.concat([bytes, Buffer.alloc((256 - (bytes.length % 256)) % 256, ' ')])),
      ),
    ),
    { numRuns: 300 },
  )
  t.pass()
})

for (const [what, bytes] of Object.entries({
  'is not padded': Buffer.from(JSON.stringify(indexEntry)),
  'is larger than 4 KiB': Buffer.alloc(4352, ' '),
  'is empty': Buffer.alloc(0),
  'is in an unknown state': pad({ ...indexEntry, state: 'lost' }),
  'has 17 commits': pad({ ...indexEntry, commits: Array.from({ length: 17 }, () => indexEntry.commit) }),
  'has no author': pad({ ...indexEntry, author: undefined }),
  'has NUL in the title': pad({ ...indexEntry, title: 'a\0b' }),
})) {
  test(`an entry that ${what} is damaged`, (t) =>
    failsWith(t, 'damaged-bundle', () => parseIndexEntry(bytes)))
}

test('what a later minor version adds is left out', (t) => {
  t.deepEqual(parseIndexEntry(pad({ ...indexEntry, mood: 'good' })), indexEntry)
})

test('entries of other formats say what to do', async (t) => {
  await failsWith(t, 'format-too-new', () => parseIndexEntry(pad({ format: 7 })))
  await failsWith(t, 'format-too-old', () => parseIndexEntry(pad({ format: 0 })))
})

test('what could not be read back as a index-entry is not encoded', (t) =>
  failsWith(t, 'bug', () => encodeIndexEntry({ ...indexEntry, seq: 0 })))
